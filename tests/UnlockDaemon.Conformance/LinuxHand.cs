using System.Diagnostics;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.UnitTests.Simulation;

namespace UnlockDaemon.Conformance;

/// <summary>What a stranger does to the kernel, by the programs that people have for that.</summary>
internal sealed class LinuxHand
{
    private const string Mapping = "unlockd-secure";
    private const string MountPoint = "/var/secure";
    private const string Gold = "/root/gold";

    // Two containers with little in them: that there is a file system to be held, and nothing that takes time.
    private const string Make = $"""
        set -e
        modprobe -a loop dm_crypt
        mkdir -p {Gold} {MountPoint} /mnt/gold
        for name in a b; do
            truncate -s SIZE {Gold}/$name
            printf right | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 {Gold}/$name -
            printf right | cryptsetup open --key-file - {Gold}/$name gold
            mkfs.ext4 -qF /dev/mapper/gold
            mount /dev/mapper/gold /mnt/gold
            mkdir /mnt/gold/directory
            echo held >/mnt/gold/file
            umount /mnt/gold
            cryptsetup close gold
        done
        """;

    private const string Clean = $"""
        while umount {MountPoint} 2>/dev/null; do :; done
        udevadm settle
        for name in {Mapping} unlockd.swap; do
            swapoff /dev/mapper/$name 2>/dev/null
            [ ! -e /dev/mapper/$name ] || dmsetup remove --retry $name || exit
        done
        losetup -D
        udevadm settle
        rm -f {World.PathA} {World.PathA}.* {World.PathB} /var/swap
        cp --sparse=always {Gold}/a {World.PathA}
        cp --sparse=always {Gold}/b {World.PathB}
        cp --sparse=always {Gold}/b {World.PathA}.another
        [ -z "$(losetup -nl)" ]
        """;

    // Exclusively, as debugfs does not ask for it by itself.
    private const string IsFree = $"[ \"$(dmsetup info -c --noheadings -o open {Mapping})\" = 0 ] && "
        + $"dmsetup table {Mapping} | grep -q crypt";

    private readonly List<Process> _holders = [];
    private bool _isMade;

    /// <summary>Everything is as it was made.</summary>
    internal async Task BeginAsync()
    {
        if (!_isMade)
            await RequireAsync(Make.Replace("SIZE", $"{Move.ContainerSize}", StringComparison.Ordinal));
        _isMade = true;
        await LetGoAsync();
        new KeptKey(Mapping).Wipe();
        await RequireAsync(Clean);
    }

    /// <summary>Does something.</summary>
    /// <returns>Whether it could be done.</returns>
    internal Task<bool> DoAsync(StrangersAct act) => act switch
    {
        StrangersAct.AttachAgain => TryAsync($"losetup -f {World.PathA}"),
        StrangersAct.DetachByHand => TryAsync(
            $"loops=$(losetup -nO NAME -j {World.PathA}) && [ -n \"$loops\" ] && losetup -d $loops"),
        StrangersAct.UnmapByHand => TryAsync($"udevadm settle; dmsetup remove {Mapping}"),
        StrangersAct.UnmountByHand => TryAsync($"umount {MountPoint}"),
        StrangersAct.MountOther => TryAsync(
            $"! findmnt -t tmpfs {MountPoint} && mount -t tmpfs none {MountPoint}"),
        StrangersAct.HoldFile => HoldAsync($"exec sleep infinity <{MountPoint}/file"),
        StrangersAct.HoldDirectory => HoldAsync($"cd {MountPoint}/directory && exec sleep infinity"),
        StrangersAct.HoldMapping => HoldAsync($"exec sleep infinity </dev/mapper/{Mapping}"),
        StrangersAct.HoldLoop => HoldAsync(
            $"exec sleep infinity <$(losetup -nO NAME -j {World.PathA} | sort -V | head -n 1)"),
        StrangersAct.HoldNamespace => HoldAsync(
            $"[ -e {MountPoint}/file ] && exec unshare --mount --propagation private sleep infinity"),
        StrangersAct.LetGo => LetGoAsync(),
        StrangersAct.MoveContainer => RenameAsync(World.PathA, World.PathA + ".moved"),
        StrangersAct.MoveContainerBack => RenameAsync(World.PathA + ".moved", World.PathA),
        StrangersAct.DeleteContainer => TryAsync($"rm {World.PathA}"),
        StrangersAct.PutAnother => RenameAsync(World.PathA + ".another", World.PathA),
        StrangersAct.TruncateContainer => TryAsync($"truncate -c -s -{Move.Piece} {World.PathA}"),
        StrangersAct.MarkUnclean => TryAsync(
            $"{IsFree} && debugfs -w -R 'feature needs_recovery' /dev/mapper/{Mapping}"),
        // The map of free blocks is where none can be, and the descriptor that says so has a good checksum.
        StrangersAct.BreakFilesystem => TryAsync($$"""
            {{IsFree}} && debugfs -w -f - /dev/mapper/{{Mapping}} <<'COMMANDS'
            ssv state 0
            set_bg 0 block_bitmap 1
            set_bg 0 checksum calc
            COMMANDS
            """),
        StrangersAct.Wait => WaitAsync(),
        _ => throw new ArgumentOutOfRangeException(nameof(act), act, message: null),
    };

    private static async Task<bool> WaitAsync()
    {
        await Task.Delay(Move.KeyLife + TimeSpan.FromSeconds(1));
        return true;
    }

    private static Task<bool> RenameAsync(string from, string to) => TryAsync($"[ ! -e {to} ] && mv {from} {to}");

    private async Task<bool> HoldAsync(string command)
    {
        Process holder = Start(command);
        while (!holder.HasExited)
        {
            // The shell has become what it was to become, and has what it was to hold.
            if (Linux.KernelText.TryRead($"/proc/{holder.Id}/comm") == "sleep\n")
            {
                _holders.Add(holder);
                return true;
            }

            await Task.Delay(5);
        }

        holder.Dispose();
        return false;
    }

    private async Task<bool> LetGoAsync()
    {
        foreach (Process holder in _holders)
        {
            holder.Kill();
            await holder.WaitForExitAsync();
            holder.Dispose();
        }

        // The kernel takes a namespace apart behind its last process.
        if (_holders.Count > 0)
            await Task.Delay(300);
        _holders.Clear();
        return true;
    }

    private static async Task<bool> TryAsync(string command)
    {
        using Process process = Start(command);
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    private static async Task RequireAsync(string script)
    {
        if (!await TryAsync(script))
            throw new InvalidOperationException($"the stage cannot be set:\n{script}");
    }

    // What the programs say is no part of the transcript.
    private static Process Start(string command) => Process.Start(
        new ProcessStartInfo("/bin/bash", ["-c", "exec >/dev/null\n" + command]) { UseShellExecute = false })!;
}
