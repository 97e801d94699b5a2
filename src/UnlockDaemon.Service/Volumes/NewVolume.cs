using System.ComponentModel;
using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Makes a container with its key and file system; nothing is left behind when that fails.</summary>
/// <param name="Path">Where; must not exist.</param>
/// <param name="Size">Size of the container in bytes.</param>
/// <param name="Format">luks (LUKS2) or loop-aes.</param>
/// <param name="Filesystem">The file system inside.</param>
/// <param name="RandomFill">Fill the container with random bytes first.</param>
public sealed record NewVolume(string Path, long Size, ContainerFormat Format, FilesystemType Filesystem, bool RandomFill)
{
    // Argon2 takes this much again at each unlock, on an instance where other things need memory too.
    private const uint MemoryShare = 4;
    private const uint MaximumMemoryKilobytes = 1024 * 1024;

    private readonly string _mapping = $"unlockd-create-{Environment.ProcessId}";

    /// <summary>Makes it.</summary>
    /// <param name="passphrase">Its passphrase.</param>
    /// <param name="step">Told what is being done.</param>
    /// <param name="allocated">Told how many bytes of the container are there.</param>
    /// <param name="cancellation">Ends the work; the file is removed.</param>
    /// <exception cref="IOException">The file exists, or the disk is full.</exception>
    /// <exception cref="LinuxException">A step failed.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public void Make(Passphrase passphrase, Action<string> step, IProgress<long> allocated, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(step);
        ContainerFile container = new(Path);
        step(RandomFill ? "filling the container with random bytes" : "allocating the container");
        container.Allocate(Size, RandomFill, allocated, cancellation);
        try
        {
            Fill(passphrase, step, cancellation);
        }
        catch
        {
            File.Delete(Path);
            // Ctrl-C on the terminal ends mkfs as well: it is not what went wrong.
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    private void Fill(Passphrase passphrase, Action<string> step, CancellationToken cancellation)
    {
        if (Format == ContainerFormat.Luks)
        {
            step("writing the LUKS2 header (the key derivation is measured, a few seconds)");
            CryptDevice.FormatLuks2(Path, passphrase, MemoryKilobytes());
        }

        cancellation.ThrowIfCancellationRequested();
        LoopDevice loop = LoopDevice.Attach(Path);
        try
        {
            step($"making the {Filesystem.Name()} file system");
            Activate(loop, passphrase);
            try
            {
                MakeFilesystem();
            }
            finally
            {
                CryptDevice.Deactivate(_mapping);
            }
        }
        finally
        {
            loop.Detach();
        }

        cancellation.ThrowIfCancellationRequested();
        new ContainerFile(Path).Flush();
    }

    private void Activate(LoopDevice loop, Passphrase passphrase)
    {
        if (Format == ContainerFormat.Luks)
        {
            CryptDevice.TryActivateLuks(loop.Path, _mapping, passphrase);
            return;
        }

        using VolumeKey key = VolumeKey.Derive(passphrase, PlainCipher.LoopAes256);
        CryptDevice.ActivatePlain(loop.Path, _mapping, PlainCipher.LoopAes256, key);
    }

    private void MakeFilesystem()
    {
        string program = "mkfs." + Filesystem.Name();
        ProcessStartInfo start = new(program, ["-q", $"/dev/mapper/{_mapping}"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        try
        {
            using Process mkfs = Process.Start(start)!;
            string complaint = mkfs.StandardError.ReadToEnd();
            mkfs.WaitForExit();
            if (mkfs.ExitCode != 0)
                throw new LinuxException("make a file system in", Path, mkfs.ExitCode, $"{program}: {complaint.Trim()}");
        }
        catch (Win32Exception missing)
        {
            throw new LinuxException("run", program, missing.NativeErrorCode);
        }
    }

    internal static uint MemoryKilobytes()
    {
        string total = File.ReadLines("/proc/meminfo").First(static line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        return Math.Min(uint.Parse(total.AsSpan(9, total.Length - 12).Trim()) / MemoryShare, MaximumMemoryKilobytes);
    }
}
