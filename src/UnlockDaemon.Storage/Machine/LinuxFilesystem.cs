using System.Diagnostics;
using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Checks, mounts and unmounts the file system on the mapping.</summary>
/// <param name="volume">The volume.</param>
/// <param name="look">Looks at it.</param>
internal sealed class LinuxFilesystem(VolumeConfiguration volume, LinuxLook look)
{
    private const string Xfs = "xfs";
    private const string Checking = "checking the file system: ";

    // What a process had open goes a moment after it, when the kernel's own threads still used it for io_uring.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_nextTry = TimeSpan.FromMilliseconds(50);

    private readonly MountPoint _mountPoint = new(volume.MountPoint);
    private readonly string _type = volume.Filesystem.Name();

    /// <summary>Has it checked, unless it is mounted.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="report">Told how far it is.</param>
    /// <param name="cancellation">Ends it, at a safe point.</param>
    internal async Task<StepResult> CheckAsync(string reason, StepReport report, CancellationToken cancellation)
    {
        Snapshot seen = look.Take(Aspects.Layers);
        if (seen.IsMounted)
            return StepResult.Done;
        if (!seen.IsMapped)
            return NotMapped();
        string device = seen.Mapping!.Path;
        report(Checking + reason);
        return await FilesystemCheck.PreenAsync(device, new Tenths(report), cancellation) is { } refusal
            ? Diagnosis.Broken($"the file system check needs a person: {refusal}", $"run 'e2fsck -f {device}'")
            : StepResult.Done;
    }

    /// <summary>Mounts it, unless it is.</summary>
    /// <param name="cancellation">Ends the look for what is wrong with it.</param>
    internal async Task<StepResult> MountAsync(CancellationToken cancellation)
    {
        Snapshot seen = look.Take(Aspects.Superblock);
        if (seen.IsMounted)
            return StepResult.Done;
        if (!seen.IsMapped)
            return NotMapped();
        // mount(2) would put the volume on top of what a stranger has mounted there.
        if (Diagnosis.OfStranger(volume, seen) is { } stranger)
            return StepResult.Failed(stranger);
        if (Diagnosis.OfFilesystem(volume, seen) is { } unfit)
            return unfit;
        if (await TryMountAsync(seen.Mapping!.Path, seen.Superblock!.Found!.Type, cancellation) is { } failed)
            return failed;
        return look.Take(Aspects.Layers).IsMounted
            ? StepResult.Done
            : StepResult.Failed(new(FaultKind.Call, $"{volume.MountPoint} is not mounted although mount(2) said so"));
    }

    /// <summary>Writes back what the kernel holds of it, where it is mounted.</summary>
    internal StepResult Sync()
    {
        if (look.Take(Aspects.Layers).IsMounted)
            _mountPoint.Sync();
        return StepResult.Done;
    }

    /// <summary>Unmounts it.</summary>
    /// <param name="cancellation">From then on it is not tried again: nobody waits for it any more.</param>
    internal StepResult Unmount(CancellationToken cancellation)
    {
        if (!look.Take(Aspects.Layers).IsMounted)
            return StepResult.Done;
        if (!TryUnmount(cancellation))
            return new(StepEnd.Busy, new Fault(FaultKind.InUse, $"{volume.MountPoint} is in use"));
        if (look.Take(Aspects.Layers).IsMounted)
            return StepResult.Failed(new(FaultKind.InUse, $"{volume.MountPoint} is still mounted"));
        try
        {
            _ = Protect();
        }
        catch (Exception)
        {
            // It is unmounted, which is what was asked for.
        }

        return StepResult.Done;
    }

    /// <summary>Keeps the bare directory from being written to while the volume is away.</summary>
    internal StepResult Protect()
    {
        if (_mountPoint.Current is null && Directory.Exists(volume.MountPoint))
            _mountPoint.TrySetImmutable();
        return StepResult.Done;
    }

    private StepResult NotMapped() => StepResult.Failed(new(FaultKind.Call, $"{volume.Container} is not mapped"));

    private bool TryUnmount(CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_mountPoint.TryDetach())
                return true;
            if (Stopwatch.GetElapsedTime(started) > s_patience || IsHeld())
                return false;
            Thread.Sleep(s_nextTry);
        }
    }

    private bool IsHeld() =>
        look.Take(Aspects.Holders).Holders!.Count > 0;

    private async Task<StepResult?> TryMountAsync(string device, string found, CancellationToken cancellation)
    {
        // The kernel has one driver for all of ext2, ext3 and ext4: what is found there counts, not what it was once.
        string type = IsExt(_type) && IsExt(found) ? found : _type;
        try
        {
            _mountPoint.Attach(device, type, volume.Options);
            return null;
        }
        catch (LinuxException damaged) when (damaged.Errno == LibC.EUCLEAN || damaged.Errno == LibC.EBADMSG)
        {
            if (found != Xfs)
                return Diagnosis.Broken(damaged.Message, $"run 'e2fsck -f {device}'");
            string? finding = await FilesystemCheck.FindXfsDamageAsync(device, cancellation);
            return Diagnosis.Broken(damaged.Message + (finding is null ? "" : $" (xfs_repair -n: {finding})"),
                $"run 'xfs_repair {device}'");
        }
        catch (LinuxException refused) when (refused.Errno == LibC.EINVAL && found != type)
        {
            return StepResult.Failed(new(FaultKind.Filesystem, $"{refused.Message}: it is {found}, and "
                + $"volume.filesystem says {_type}: correct that, and 'systemctl restart unlockd'"));
        }
    }

    private static bool IsExt(string type) => type.StartsWith("ext", StringComparison.Ordinal);

    /// <summary>
    /// A line for each tenth: e2fsck tells of every block group. Reports at once and in order, where
    /// <see cref="Progress{T}"/> reports from the thread pool.
    /// </summary>
    private sealed class Tenths(StepReport report) : IProgress<double>
    {
        private int _shown;

        public void Report(double value)
        {
            int tenth = (int)(value * 10);
            if (tenth > _shown)
                report($"{Checking}{tenth * 10} %");
            _shown = Math.Max(_shown, tenth);
        }
    }
}
