using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>
/// Grows the mounted volume from below: container, loop device, mapping, file system. Each looks at what is there and
/// does what is missing, so that one that was ended anywhere is finished by the next.
/// </summary>
/// <param name="volume">The volume.</param>
/// <param name="look">Looks at it.</param>
/// <param name="name">Name of its mapping.</param>
/// <param name="kept">The key that the kernel may have kept.</param>
internal sealed class LinuxGrowth(VolumeConfiguration volume, LinuxLook look, string name, KeptKey kept)
{
    private readonly ContainerFile _container = new(volume.Container);

    /// <summary>Grows container, loop device and mapping.</summary>
    /// <param name="size">To this size of the container, in bytes.</param>
    /// <param name="passphrase">The passphrase, cleared once it has opened a key slot; null to try without.</param>
    /// <param name="report">Told how far it is.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    internal StepResult GrowMapping(
        long size, Passphrase? passphrase, StepReport report, CancellationToken cancellation)
    {
        if (!look.Take(Aspects.Layers).IsMapped)
            return StepResult.Failed(new(FaultKind.Call, $"{volume.Container} is not mapped"));
        (bool mustGrow, bool takesKey) = CryptDevice.CompareSize(name, volume.Header, size);
        if (!mustGrow)
        {
            GrowDevice(size, report, cancellation);
            return StepResult.Done;
        }

        using VolumeKey? key = takesKey && passphrase is null ? kept.TryRead() : null;
        if (takesKey && passphrase is null && key is null)
            return new(StepEnd.PassphraseNeeded, new Fault(FaultKind.Key, "the passphrase is needed"));
        if (!CryptDevice.TryGrow(name, volume.Header, takesKey ? passphrase : null, key,
            () => GrowDevice(size, report, cancellation)))
            return StepResult.Wrong();
        if (look.Take(Aspects.Layers).Mapping is { } mapping)
            report($"{mapping.Path} has {Sizes.Text(mapping.Size)}");
        return StepResult.Done;
    }

    /// <summary>Has the mounted file system take up the size of its device.</summary>
    /// <param name="report">Told what is done.</param>
    internal StepResult GrowFilesystem(StepReport report)
    {
        Snapshot seen = look.Take(Aspects.Layers);
        if (!seen.IsMounted)
            return StepResult.Failed(new(FaultKind.Call, $"{volume.MountPoint} is not mounted"));
        report("taking up the new size");
        string device = seen.Mapping!.Path;
        string type = seen.Mount!.Type;
        if (FilesystemGrowth.TryGrow(device, volume.MountPoint, type) is { } refusal)
            return StepResult.Failed(new(FaultKind.Filesystem, Advise(refusal, type, device)));
        report($"{volume.MountPoint} has {Sizes.Text(DiskSpace.Of(volume.MountPoint).Size)}");
        return StepResult.Done;
    }

    private void GrowDevice(long size, StepReport report, CancellationToken cancellation)
    {
        long before = _container.Size;
        if (before < size)
        {
            report($"{volume.Container}: {Sizes.Text(before)}, to be {Sizes.Text(size)}", "container");
            _container.Grow(size, new Tenths(report, before, size), cancellation);
        }

        if (look.Take(Aspects.Layers).Mapping?.Lower is { } loop && loop.Size < size)
        {
            LoopDevice device = new(loop.Path);
            device.TakeUpSize();
            report($"{loop.Path} has {Sizes.Text(device.Size)}", "loop");
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Container and mapping have grown: that harms nothing, and the rest can be done by hand as well.
    /// </summary>
    private string Advise(string refusal, string type, string device) => type == "xfs"
        ? $"{refusal}: mend that ('journalctl -k' may say more), and the same 'unlockctl grow' goes on from there"
        : $"{refusal}: if this {type} cannot grow while it is mounted, stop what uses it, then run "
            + $"'umount {volume.MountPoint} && e2fsck -f {device} && resize2fs {device}' and 'unlockctl unlock'";

    /// <summary>A line for each tenth of what is appended.</summary>
    private sealed class Tenths(StepReport report, long before, long after) : IProgress<long>
    {
        private long _shown;

        public void Report(long value)
        {
            long tenth = (value - before) * 10 / (after - before);
            if (tenth > _shown)
                report($"{Sizes.Text(value)}, {tenth * 10} % of what is missing", "container");
            _shown = tenth;
        }
    }
}
