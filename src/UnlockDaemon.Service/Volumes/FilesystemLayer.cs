using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The file system on the mapping, checked and mounted.</summary>
internal sealed class FilesystemLayer(VolumeConfiguration configuration, MappingLayer mapping) : Layer
{
    /// <summary>How a report of a running check begins.</summary>
    internal const string Checking = "checking the file system: ";

    private readonly MountPoint _mountPoint = new(configuration.MountPoint);
    private readonly string _type = configuration.Filesystem.Name();

    internal override string Name => "filesystem";

    /// <summary>The mount of this volume's mapping on the mount point, or null.</summary>
    internal MountEntry? Mount =>
        _mountPoint.Current is { } mount && mapping.Mapping is { } device && mount.Device == device.Number
            ? mount
            : null;

    /// <summary>The directory it is mounted on.</summary>
    internal string MountPath => configuration.MountPoint;

    /// <summary>What the superblock said when the file system was last unmounted, for the proof.</summary>
    internal UnmountRecord Record { get; } = new();

    internal override LayerInfo Observe() => Mount is { } mount ? new(Name, true, mount.Type) : new(Name, false, "");

    /// <summary>Says why nothing can be mounted: the directory is missing or not empty.</summary>
    internal string? FindFault()
    {
        if (!Directory.Exists(configuration.MountPoint))
            return $"mount point {MountPath} is missing: make it with 'mkdir {MountPath}'";
        if (FindStranger() is { } stranger)
            return stranger;
        string? entry = Directory.EnumerateFileSystemEntries(configuration.MountPoint).FirstOrDefault();
        return entry is null
            ? null
            : $"mount point {configuration.MountPoint} is not empty ({Path.GetFileName(entry)} is in it): "
                + "move away what was written there while the volume was locked";
    }

    /// <summary>Says that something else is mounted in the volume's place.</summary>
    internal string? FindStranger() => Mount is null && _mountPoint.Current is { } other
        ? $"{other.Source} is mounted on {MountPath}, and not by unlockd: unmount it, and close what it is on"
        : null;

    /// <summary>Says whether the kernel has found errors in it since it was mounted.</summary>
    internal string? FindDamage()
    {
        if (Mount is not { } mount || mapping.Mapping is not { } device)
            return null;
        bool errors = ReadCount($"/sys/fs/ext4/{Path.GetFileName(device.SysfsPath)}/errors_count") > 0;
        return errors || mount.IsReadOnly
            ? $"the file system on {configuration.MountPoint} has had "
                + $"errors{(mount.IsReadOnly ? " and takes no writes" : "")}: 'journalctl -k' says if the disk below "
                + "failed; if it did not, 'unlockctl lock', and the next unlock mends it"
            : null;
    }

    /// <summary>Keeps the bare directory from being written to while the volume is away.</summary>
    internal void Protect()
    {
        if (_mountPoint.Current is null && Directory.Exists(configuration.MountPoint))
            _mountPoint.TrySetImmutable();
    }

    internal override async Task<LayerOutcome> BringUpAsync(
        Passphrase? passphrase, Action<string> report, CancellationToken cancellation)
    {
        CryptMapping device = mapping.Mapping!;
        if (ReadSuperblock(device) is not { } superblock)
            return Broken($"no file system is on {device.Path}", $"look at it with 'blkid -p {device.Path}'");
        if (superblock.Size > device.Size)
        {
            return new(LayerOutcomeKind.Failed, $"the file system on {configuration.Container} is larger than its "
                + $"container ({superblock.Size} bytes, and there is room for {device.Size}): the container was "
                + "truncated; restore it");
        }

        if (superblock.Type != "xfs"
            && superblock is { IsClean: false } or { NeedsRecovery: true } or { CheckIsDue: true })
        {
            report(superblock.IsClean && !superblock.NeedsRecovery
                ? Checking + "its schedule asks for it"
                : Checking + "it was not unmounted cleanly");
            if (await CheckAsync(device, report, cancellation) is { } refusal)
                return Broken($"the file system check needs a person: {refusal}", $"run 'e2fsck -f {device.Path}'");
        }

        Record.NoteMounted();
        if (await TryMountAsync(device, superblock, cancellation) is { } fault)
            return fault;
        return Mount is null
            ? new(LayerOutcomeKind.Failed, $"{configuration.MountPoint} is not mounted although mount(2) said so")
            : LayerOutcome.Up;
    }

    /// <summary>
    /// Mounts what was unmounted a moment ago, unchecked: it may still be mounted in another namespace.
    /// </summary>
    /// <returns>Whether it is mounted.</returns>
    /// <exception cref="LinuxException">mount(2) failed.</exception>
    internal bool MountAgain()
    {
        Record.NoteMounted();
        _mountPoint.Attach(mapping.Mapping!.Path, _type, configuration.Options);
        return Mount is not null;
    }

    /// <summary>Writes back what the kernel holds, so that the unmount itself is quick.</summary>
    internal void Sync() => _mountPoint.Sync();

    /// <summary>
    /// Notes what the superblock says, whoever unmounted it, while the mapping is still there to read it by.
    /// </summary>
    internal void NoteUnmounted()
    {
        if (Mount is not null || mapping.Mapping is not { } device)
            return;
        try
        {
            Record.NoteUnmounted(ReadSuperblock(device));
        }
        catch (LinuxException)
        {
            Record.NoteUnmounted(null);
        }
    }

    /// <summary>Who holds it now, apart from processes that are known.</summary>
    internal IReadOnlyList<Holder> FindHolders(IReadOnlySet<int>? except = null) =>
        mapping.Mapping is { } device ? HolderScan.Find(device.Number, Mount, mapping.LowerDevice, except) : [];

    internal override string? TakeDown()
    {
        if (Mount is null)
            return null;
        if (!_mountPoint.TryDetach())
            return $"{configuration.MountPoint} is in use";
        if (Mount is not null)
            return $"{configuration.MountPoint} is still mounted";
        Protect();
        return null;
    }

    private async Task<LayerOutcome?> TryMountAsync(
        CryptMapping device, Superblock superblock, CancellationToken cancellation)
    {
        try
        {
            _mountPoint.Attach(device.Path, _type, configuration.Options);
            return null;
        }
        catch (LinuxException damaged) when (damaged.Errno == LibC.EUCLEAN || damaged.Errno == LibC.EBADMSG)
        {
            if (superblock.Type != "xfs")
                return Broken(damaged.Message, $"run 'e2fsck -f {device.Path}'");
            string? finding = await FilesystemCheck.FindXfsDamageAsync(device.Path, cancellation);
            return Broken(damaged.Message + (finding is null ? "" : $" (xfs_repair -n: {finding})"),
                $"run 'xfs_repair {device.Path}'");
        }
        catch (LinuxException refused) when (refused.Errno == LibC.EINVAL && superblock.Type != _type)
        {
            return new(LayerOutcomeKind.Failed, $"{refused.Message}: it is {superblock.Type}, and volume.filesystem "
                + $"says {_type}: correct that, and 'systemctl restart unlockd'");
        }
    }

    private static LayerOutcome Broken(string what, string advice) =>
        new(LayerOutcomeKind.NeedsPerson,
            $"{what}: {advice}, then 'unlockctl unlock'; or give up with 'unlockctl lock'");

    private static int ReadCount(string path) =>
        int.TryParse(KernelText.TryRead(path)?.Trim(), out int count) ? count : 0;

    private static Superblock? ReadSuperblock(CryptMapping device)
    {
        Span<byte> start = new byte[Superblock.Length];
        return DeviceRead.Start(device.Path, start) == start.Length
            ? Superblock.TryParse(start, DateTimeOffset.UtcNow)
            : null;
    }

    private static async Task<string?> CheckAsync(
        CryptMapping device, Action<string> report, CancellationToken cancellation)
    {
        int shown = 0;
        // Called for every block group: a line for each tenth is enough.
        Progress tenths = new(part =>
        {
            int tenth = (int)(part * 10);
            if (tenth > shown)
                report($"{Checking}{tenth * 10} %");
            shown = Math.Max(shown, tenth);
        });
        return await FilesystemCheck.PreenAsync(device.Path, tenths, cancellation);
    }

    /// <summary>Reports at once, in order, where <see cref="Progress{T}"/> reports from the thread pool.</summary>
    private sealed class Progress(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
