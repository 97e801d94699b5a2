using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Takes a <see cref="Snapshot"/> of the kernel. Each of its lists is read once for one look.</summary>
/// <param name="volume">The volume.</param>
/// <param name="swap">The swap space beside it; null for none.</param>
/// <param name="instance">Whose volume it is.</param>
internal sealed class LinuxLook(VolumeConfiguration volume, SwapConfiguration? swap, Instance instance)
{
    private readonly LinuxLoops _loops = new(volume.Container);
    private readonly LinuxEntry _entry = new(volume);
    private readonly LinuxLeftovers _leftovers =
        new(volume, instance, MappingNames.NameFor(volume.MountPoint, instance));

    private readonly string _name = MappingNames.NameFor(volume.MountPoint, instance);
    private readonly string _swapName = MappingNames.SwapNameFor(instance);
    private readonly KeptKey _kept = new(MappingNames.NameFor(volume.MountPoint, instance));

    // The volume's mapping when it was there last: what is mounted of it bears its number.
    private volatile LinuxDevice? _last;

    /// <summary>Looks.</summary>
    /// <param name="aspects">At what, beside the layers.</param>
    /// <param name="except">Processes that are no holders.</param>
    /// <param name="services">What runs of the services, for <see cref="Aspects.Leftovers"/>.</param>
    /// <exception cref="LinuxException">The kernel does not say.</exception>
    internal Snapshot Take(
        Aspects aspects, IReadOnlySet<int>? except = null, IReadOnlyList<string>? services = null)
    {
        MountEntry[] mounts = MountTable.Read();
        IReadOnlyList<CryptMapping> mappings = MappingNames.FindAll();
        Snapshot seen = TakeLayers(mounts, mappings, openDevice: aspects.HasFlag(Aspects.Entry));
        return seen with
        {
            Entry = aspects.HasFlag(Aspects.Entry) ? _entry.Look(seen) : null,
            Health = aspects.HasFlag(Aspects.Health) ? LookAtHealth(seen, mappings) : null,
            Superblock = aspects.HasFlag(Aspects.Superblock) ? LookAtSuperblock(seen) : null,
            Holders = aspects.HasFlag(Aspects.Holders) ? FindHolders(seen, mounts, except) : null,
            Leftovers = aspects.HasFlag(Aspects.Leftovers)
                ? _leftovers.Look(seen, mounts, mappings, _last, services ?? [])
                : null,
            Seal = (aspects & (Aspects.Seal | Aspects.Leftovers)) != Aspects.Layers ? _leftovers.ReadSeal(seen) : null,
        };
    }

    private Snapshot TakeLayers(MountEntry[] mounts, IReadOnlyList<CryptMapping> mappings, bool openDevice)
    {
        ContainerFacts container = LinuxContainer.Look(volume.Container, openDevice);
        LinuxDevice? device = mappings.FirstOrDefault(mapping => mapping.Name == _name) is { } found
            ? LinuxDevice.TryRead(found)
            : null;
        (IReadOnlyList<LoopFacts> loops, IReadOnlyList<LoopFacts> strays) =
            _loops.Find(container, mounts, device?.BelowNames ?? new HashSet<string>());
        MappingFacts? mapping = device?.Describe(container, [.. loops, .. strays]);
        if (mapping is { IsOurs: true })
            _last = device;
        MountEntry? mount = FindMount(mounts);
        return new Snapshot
        {
            Container = container,
            Loops = loops,
            Strays = strays,
            Mapping = mapping,
            Integrity = mappings.FirstOrDefault(one => one.Name == _name + MappingNames.IntegritySuffix)?.Path,
            Mount = mount is null
                ? null
                : new(mount.Source, mount.Type, mount.IsReadOnly,
                    mapping is { IsOurs: true } && mount.Device == mapping.Number),
            IsKeyKept = _kept.Exists,
            Swap = LookAtSwap(mappings.FirstOrDefault(one => one.Name == _swapName)),
        };
    }

    /// <summary>The last one, if several are stacked.</summary>
    private MountEntry? FindMount(MountEntry[] mounts) =>
        Array.FindLast(mounts, entry => entry.MountPoint == volume.MountPoint);

    private SwapFacts? LookAtSwap(CryptMapping? mapping)
    {
        if (mapping is null)
            return swap is null ? null : new SwapFacts(null, 0, IsActive: false);
        // The kernel names it by its own name.
        string device = "/dev/" + Path.GetFileName(mapping.SysfsPath);
        return new(mapping.Path, LinuxContainer.SizeOf(mapping.SysfsPath) ?? 0,
            SwapTable.Read().Any(area => area.Path == device));
    }

    private HealthFacts LookAtHealth(Snapshot seen, IReadOnlyList<CryptMapping> mappings)
    {
        try
        {
            string? errors = seen.IsMounted && mappings.FirstOrDefault(one => one.Name == _name) is { } mapping
                ? KernelText.TryRead($"/sys/fs/ext4/{Path.GetFileName(mapping.SysfsPath)}/errors_count")
                : null;
            return new(new ContainerFile(volume.Header ?? volume.Container).Uuid,
                int.TryParse(errors?.Trim(), out int count) && count > 0, null)
            { Room = FindRoom() };
        }
        catch (LinuxException failure)
        {
            return new(null, HasErrors: false, Fault.Of(failure));
        }
    }

    /// <summary>None where nobody can tell: then nothing more fits.</summary>
    private DiskSpace FindRoom()
    {
        try
        {
            return DiskSpace.Around(volume.Container);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private static SuperblockFacts? LookAtSuperblock(Snapshot seen)
    {
        if (!seen.IsMapped)
            return null;
        try
        {
            Span<byte> start = new byte[Superblock.Length];
            return new(DeviceRead.Start(seen.Mapping!.Path, start) == start.Length
                ? Superblock.TryParse(start, DateTimeOffset.UtcNow)
                : null, null);
        }
        catch (LinuxException failure)
        {
            return new(null, Fault.Of(failure));
        }
    }

    private IReadOnlyList<Holder> FindHolders(Snapshot seen, MountEntry[] mounts, IReadOnlySet<int>? except) =>
        seen.IsMapped
            ? HolderScan.Find(seen.Mapping!.Number, seen.IsMounted ? FindMount(mounts) : null,
                seen.Mapping.Lower?.Number ?? seen.Container.Number, except)
            : [];
}
