using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Grows the mounted volume from below: container, loop device, mapping, file system. Each step looks at what is there
/// and does what is missing, so that one that was ended anywhere is finished by the next.
/// </summary>
internal sealed class GrowSequence(VolumeConfiguration configuration, StorageStack stack, EventHub events)
{
    // What the largest sectors of LUKS2 and the largest pages of a file's cache want.
    private const long Alignment = 4096;
    private const string Grow = "grow";

    private string _step = Grow;

    internal GrowOutcome Run(long wanted, Passphrase? passphrase, CancellationToken cancellation)
    {
        long size = Math.Max(wanted / Alignment * Alignment, stack.Container.Size);
        try
        {
            return Refuse(wanted) is { } reason
                ? new(GrowOutcomeKind.Failed, reason)
                : GrowMapping(size, passphrase, cancellation) ?? GrowFilesystem();
        }
        catch (OperationCanceledException)
        {
            return new(GrowOutcomeKind.Failed, $"stopped at {Sizes.Text(stack.Container.Size)}, as the volume is to be "
                + "locked: the same 'unlockctl grow' finishes it once it is unlocked again", _step);
        }
        catch (LinuxException failure)
        {
            return new(GrowOutcomeKind.Failed, Advice.For(failure), _step);
        }
    }

    private string? Refuse(long wanted)
    {
        if (stack.FindDamage() is { } damage)
            return damage;
        long size = stack.Container.Size;
        if (stack.Container.IsBlockDevice)
        {
            return wanted <= size
                ? null
                : $"{configuration.Container} is a block device of {Sizes.Text(size)}, and the volume takes all of it: "
                    + "make the device larger ('lvextend', or the disk itself), then the same 'unlockctl grow'";
        }

        if (wanted < size)
        {
            return $"{Sizes.Text(wanted)} is less than the {Sizes.Text(size)} that {configuration.Container} has, and "
                + "a volume cannot be made smaller: make a small one with 'unlockctl create', and copy the files";
        }

        if (wanted == size)
            return null;
        // Blocks that a sparse container still lacks are promised already.
        long missing = Math.Max(size - stack.Container.Allocated, 0);
        return DiskSpace.Around(configuration.Container).Refuse(configuration.Container, wanted - size + missing);
    }

    private GrowOutcome? GrowMapping(long size, Passphrase? passphrase, CancellationToken cancellation)
    {
        string name = stack.Mapping.Mapping!.Name;
        (bool mustGrow, bool takesKey) = CryptDevice.CompareSize(name, configuration.Header, size);
        if (!mustGrow)
        {
            GrowDevice(size, cancellation);
            return null;
        }

        using VolumeKey? kept = takesKey && passphrase is null ? stack.Mapping.Kept.TryRead() : null;
        if (takesKey && passphrase is null && kept is null)
            return new(GrowOutcomeKind.PassphraseNeeded);
        if (!CryptDevice.TryGrow(name, configuration.Header, takesKey ? passphrase : null, kept,
            () => GrowDevice(size, cancellation)))
            return new(GrowOutcomeKind.WrongPassphrase);
        Report("mapping", $"{stack.Mapping.Mapping!.Path} has {Sizes.Text(stack.Mapping.Mapping!.Size)}");
        return null;
    }

    private void GrowDevice(long size, CancellationToken cancellation)
    {
        if (stack.Container.Size < size)
        {
            Report("container",
                $"{configuration.Container}: {Sizes.Text(stack.Container.Size)}, to be {Sizes.Text(size)}");
            stack.Container.Grow(size, new Tenths(this, stack.Container.Size, size), cancellation);
        }

        if (stack.Loop.Device is { } loop && loop.Size < size)
        {
            loop.TakeUpSize();
            Report("loop", $"{loop.Path} has {Sizes.Text(loop.Size)}");
        }

        cancellation.ThrowIfCancellationRequested();
        _step = "mapping";
    }

    private GrowOutcome GrowFilesystem()
    {
        Report("filesystem", "taking up the new size");
        CryptMapping device = stack.Mapping.Mapping!;
        string mountPoint = configuration.MountPoint;
        string type = stack.Filesystem.Mount!.Type;
        if (FilesystemGrowth.TryGrow(device.Path, mountPoint, type) is { } refusal)
            return new(GrowOutcomeKind.Failed, Advise(refusal, type, device.Path), _step);
        Report("filesystem", $"{mountPoint} has {Sizes.Text(DiskSpace.Of(mountPoint).Size)}");
        return new(GrowOutcomeKind.Grown);
    }

    /// <summary>
    /// Container and mapping have grown: that harms nothing, and the rest can be done by hand as well.
    /// </summary>
    private string Advise(string refusal, string type, string device) => type == "xfs"
        ? $"{refusal}: mend that ('journalctl -k' may say more), and the same 'unlockctl grow' goes on from there"
        : $"{refusal}: if this {type} cannot grow while it is mounted, stop what uses it, then run "
            + $"'umount {configuration.MountPoint} && e2fsck -f {device} && resize2fs {device}' and 'unlockctl unlock'";

    private void Report(string step, string text)
    {
        _step = step;
        events.Publish("step", step, text);
    }

    /// <summary>A line for each tenth of what is appended.</summary>
    private sealed class Tenths(GrowSequence sequence, long before, long after) : IProgress<long>
    {
        private long _shown;

        public void Report(long value)
        {
            long tenth = (value - before) * 10 / (after - before);
            if (tenth > _shown)
                sequence.Report("container", $"{Sizes.Text(value)}, {tenth * 10} % of what is missing");
            _shown = tenth;
        }
    }
}
