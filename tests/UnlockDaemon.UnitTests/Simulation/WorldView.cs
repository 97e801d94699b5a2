using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What a look at the machine shows to a daemon with a configuration.</summary>
internal static class WorldView
{
    private const string MappingPath = "/dev/mapper/unlockd-secure";
    private static readonly DeviceNumber s_mapping = new(253, 0);
    private static readonly ContainerFacts s_noContainer = new(ContainerKind.Missing, 0, 0, null, null);

    /// <summary>Whether the look reads the disk.</summary>
    internal static bool NeedsDisk(Aspects aspects) =>
        (aspects & (Aspects.Entry | Aspects.Health | Aspects.Superblock | Aspects.Seal
            | Aspects.Leftovers)) != 0;

    /// <summary>Looks.</summary>
    internal static Snapshot Observe(World world, UnlockdConfiguration configuration, Aspects aspects)
    {
        VolumeConfiguration volume = configuration.Volume;
        SimulatedFile? file = world.FileAt(volume.Container);
        Fault? trouble = world.Disk == DiskCondition.Broken
            ? new(FaultKind.Call, $"cannot read {volume.Container}: Input/output error")
            : null;
        MappingFacts? mapping = OfMapping(world, volume);
        return new Snapshot
        {
            Container = file is null
                ? s_noContainer
                : new(ContainerKind.File, file.Size, file.Size, file.Identity, null),
            Loops = OfLoops(world, loop => loop.File == file),
            Strays = OfLoops(world, loop => loop.File != file && loop.File.Home == volume.Container),
            Mapping = mapping,
            Mount = OfMount(world, mapping),
            IsKeyKept = world.KeptKey is not null,
            Swap = configuration.Swap is null && !world.IsSwapOn
                ? null
                : new SwapFacts(world.IsSwapOn ? "/dev/mapper/unlockd.swap" : null, 1 << 20, world.IsSwapOn),
            Entry = aspects.HasFlag(Aspects.Entry)
                ? new EntryFacts(file is not null, file is null ? null : 1 << 24, null, null, true, volume.MountPoint,
                    null, null, trouble)
                : null,
            Health = aspects.HasFlag(Aspects.Health)
                ? new HealthFacts(trouble is null ? file?.Uuid : null, world.Disk == DiskCondition.Broken, trouble)
                {
                    Room = new DiskSpace(world.Disk == DiskCondition.Full ? 0 : 1L << 40, 1L << 41),
                }
                : null,
            Superblock = aspects.HasFlag(Aspects.Superblock) && mapping is { IsOurs: true }
                ? OfSuperblock(world.Mapping!, world.IsMounted || world.IsMountedElsewhere, trouble)
                : null,
            Holders = aspects.HasFlag(Aspects.Holders) ? OfHolders(world, volume) : null,
            Leftovers = aspects.HasFlag(Aspects.Leftovers) ? OfLeftovers(world, volume, file) : null,
            Seal = (aspects & (Aspects.Seal | Aspects.Leftovers)) != 0 && file is not null
                && mapping is not { IsOurs: true } && trouble is null
                ? $"{file.Identity.Inode}.{file.Seal}"
                : null,
        };
    }

    private static LoopFacts[] OfLoops(World world, Predicate<SimulatedLoop> which) =>
        world.Loops.Count == 0 ? [] : [.. world.Loops.FindAll(which).Select(Of)];

    private static LoopFacts Of(SimulatedLoop loop) =>
        new(loop.Path, new DeviceNumber(7, (uint)loop.Number), loop.Size, loop.File.Path, IsWhole: true);

    private static MappingFacts? OfMapping(World world, VolumeConfiguration volume)
    {
        if (world.Mapping is not { } mapping)
            return null;
        bool isOurs = mapping.IsOnNothing || mapping.File.Home == volume.Container
            || mapping.File.Path == volume.Container;
        return new(MappingPath, s_mapping, mapping.Size, mapping.IsOnNothing, isOurs,
            isOurs && mapping.Lower is { } lower ? Of(lower) : null, []);
    }

    private static MountFacts? OfMount(World world, MappingFacts? mapping) =>
        world.IsForeignMounted ? new("/dev/sdz1", "ext4", false, IsOurs: false)
            : world.IsMounted ? new(MappingPath, "ext4", false, mapping is { IsOurs: true })
            : null;

    private static SuperblockFacts OfSuperblock(SimulatedMapping mapping, bool isMounted, Fault? trouble)
    {
        // As long as it is mounted the kernel has it in memory, and reads no disk for it.
        if (mapping.IsOnNothing && !isMounted)
            return new(null, new Fault(FaultKind.Call, $"cannot read {MappingPath}: Input/output error"));
        if (trouble is not null)
            return new(null, trouble);
        FilesystemCondition condition = mapping.File.Filesystem;
        return new(new Superblock("ext4", condition != FilesystemCondition.Broken,
            condition == FilesystemCondition.Dirty, CheckIsDue: false, mapping.Size), null);
    }

    private static Holder[] OfHolders(World world, VolumeConfiguration volume) =>
        OfMapping(world, volume) is not { IsOurs: true } mapping
            ? []
            :
            [
                // Mounts elsewhere are looked for while there is one here; of loop devices, at that below the mapping.
                .. world.Strangers.Where(stranger => stranger.Kind == "mount-namespace"
                    ? OfMount(world, mapping) is { IsOurs: true }
                    : !stranger.IsBelow || mapping.Lower is not null)
                    .Select(stranger => new Holder(stranger.Pid, "less",
                    stranger.IsPassing ? "systemd-udevd.service" : null, stranger.Kind, volume.MountPoint)),
            ];

    private static LeftoverFacts OfLeftovers(World world, VolumeConfiguration volume, SimulatedFile? file)
    {
        string[] mounts = world.IsForeignMounted ? ["/dev/sdz1"]
            : world.IsMounted ? [volume.MountPoint]
            : world.IsMountedElsewhere ? ["pid 5000 has it mounted"]
            : [];
        return new(
            [.. world.Units.Where(static unit => unit.Uses).Select(static unit => unit.Name)],
            mounts,
            world.Mapping is null ? [] : [MappingPath],
            // dm-crypt has a copy of its own: no keyring has the key once the device is mapped.
            [],
            [.. world.Loops.Where(loop => loop.File == file || loop.File.Home == volume.Container)
                .Select(static loop => loop.Path)]);
    }
}
