using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What a step does to the machine, in the moment when it is through.</summary>
internal static class WorldSteps
{
    /// <summary>How long a step takes on a disk that is well.</summary>
    internal static TimeSpan Duration(Step step) => TimeSpan.FromMilliseconds(step switch
    {
        Step.Map => 2000,
        Step.Check => 5000,
        Step.Sync or Step.Flush => 200,
        Step.Mount or Step.Unmount => 50,
        Step.SwapOn or Step.SwapOff => 300,
        Step.GrowMapping => 1500,
        Step.GrowFilesystem => 3000,
        _ => 5,
    });

    /// <summary>Whether it reads or writes a disk, and so comes back only when that does.</summary>
    internal static bool NeedsDisk(Step step, World world) => step switch
    {
        Step.Attach or Step.Map or Step.Flush or Step.Detach or Step.SwapOn or Step.SwapOff or Step.GrowMapping => true,
        // After a panic there is no disk behind the mapping.
        Step.Check or Step.Mount or Step.Sync or Step.Unmount or Step.Unmap or Step.GrowFilesystem =>
            world.Mapping is not { IsOnNothing: true },
        _ => false,
    };

    /// <summary>Whether it ends by itself when it is told to, and is waited for.</summary>
    internal static bool IsInterruptible(Step step) => step is Step.Check or Step.GrowMapping;

    /// <summary>Whether the kernel brings it to its end even when the process that asked for it is dead.</summary>
    internal static bool IsOneCall(Step step) =>
        step is Step.Attach or Step.Mount or Step.Sync or Step.Flush or Step.Unmount or Step.Unmap or Step.Detach;

    /// <summary>Whether it is done however late it is.</summary>
    internal static bool IsDoneInAnyCase(Step step) => step is Step.WipeKeys or Step.ForgetKey;

    /// <summary>Does it.</summary>
    internal static StepResult Apply(Step step, World world, UnlockdConfiguration configuration, Secret secret)
    {
        if (NeedsDisk(step, world) && world.Disk == DiskCondition.Broken && step is not (Step.Detach or Step.Unmap))
            return WhenBroken(step, world);
        return step switch
        {
            Step.Attach => Attach(world, configuration),
            Step.Map => Map(world, configuration, secret),
            Step.Check => Check(world, configuration),
            Step.Mount => Mount(world, configuration),
            Step.Sync => Sync(world),
            Step.Flush => Flush(world, configuration),
            Step.Unmount => Unmount(world, configuration),
            Step.Unmap => Unmap(world, configuration),
            Step.Detach => Detach(world, configuration),
            Step.SwapOn => SwapOn(world, configuration),
            Step.SwapOff => SwapOff(world),
            Step.KeepKey or Step.ExpireKey or Step.ForgetKey => Keep(step, world),
            Step.GrowMapping grow => Grow(world, configuration, grow.Size, secret),
            Step.GrowFilesystem when !IsMountInSight(world, configuration) => Failed("grow", LibC.ENXIO),
            Step.WipeKeys => Wipe(world),
            _ => StepResult.Done,
        };
    }

    private static StepResult WhenBroken(Step step, World world)
    {
        // It is gone from its place all the same, and not clean.
        if (step is Step.Unmount && FindUser(world) is null)
            world.IsMounted = false;
        return Failed(step.Layer, LibC.EIO);
    }

    private static StepResult Attach(World world, UnlockdConfiguration configuration)
    {
        if (world.FileAt(configuration.Volume.Container) is not { } file)
            return Failed("attach", LibC.ENOENT);
        // One that goes at its last close is there until then, and a second one beside it would show two states.
        if (!world.Loops.Exists(loop => loop.File == file))
            world.AddLoop(file);
        return StepResult.Done;
    }

    private static StepResult Map(World world, UnlockdConfiguration configuration, Secret secret)
    {
        if (IsOurs(world, configuration))
            return StepResult.Done;
        SimulatedLoop? loop = world.Loops.Find(one => one.File.Path == configuration.Volume.Container);
        if (loop is null)
            return Failed("map", LibC.ENXIO);
        if (secret == Secret.Wrong || (secret == Secret.None && world.KeptKey is null))
            return StepResult.Wrong();
        if (secret == Secret.None && world.KeptKey?.File != loop.File)
            return Failed("map", LibC.EPERM);
        if (world.Mapping is not null)
            return Failed("map", LibC.EEXIST);
        world.Mapping = new SimulatedMapping(loop);
        if (secret == Secret.Right && configuration.Lock.KeepKey is not null)
        {
            world.ForgetKey();
            world.KeptKey = new SimulatedKey(loop.File);
        }

        return StepResult.Done;
    }

    private static StepResult Check(World world, UnlockdConfiguration configuration)
    {
        if (IsMountInSight(world, configuration))
            return StepResult.Done;
        if (!IsOurs(world, configuration) || world.Mapping is not { } mapping)
            return Failed("check", LibC.ENXIO);
        if (mapping is { IsOnNothing: true } or { File.Filesystem: FilesystemCondition.Broken }
            || world.IsMounted || world.IsMountedElsewhere)
            return Diagnosis.Broken("the file system is broken, or in use", "mend it");
        // What is clean is not written to.
        if (mapping.File.Filesystem == FilesystemCondition.Dirty)
            mapping.File.Write(FilesystemCondition.Clean);
        return StepResult.Done;
    }

    private static StepResult Mount(World world, UnlockdConfiguration configuration)
    {
        if (IsMountInSight(world, configuration))
            return StepResult.Done;
        if (!IsOurs(world, configuration) || world.Mapping is not { IsOnNothing: false } mapping)
            return Failed("mount", LibC.EIO);
        if (world.IsForeignMounted)
        {
            return StepResult.Failed(new(
                FaultKind.MountPoint, $"something is mounted on {configuration.Volume.MountPoint}"));
        }

        if (mapping.File.Filesystem == FilesystemCondition.Broken)
            return Diagnosis.Broken("the file system is broken", "mend it");
        mapping.File.Write(FilesystemCondition.Dirty);
        (world.IsMounted, world.UnmountedByHandAt) = (true, 0);
        return StepResult.Done;
    }

    private static StepResult Sync(World world) => world switch
    {
        // What has not been written since the panic needs no disk.
        { Mapping.IsOnNothing: true } when world.Units.Any(static unit => unit.Uses) => Failed("write back", LibC.EIO),
        { Disk: DiskCondition.Full } => Failed("write back", LibC.ENOSPC),
        _ => StepResult.Done,
    };

    private static StepResult Flush(World world, UnlockdConfiguration configuration) =>
        world.FileAt(configuration.Volume.Container) is null ? Failed("open", LibC.ENOENT)
            : world.Disk == DiskCondition.Full ? Failed("write back", LibC.ENOSPC)
            : StepResult.Done;

    private static StepResult Unmount(World world, UnlockdConfiguration configuration)
    {
        if (!IsMountInSight(world, configuration))
            return StepResult.Done;
        if (FindUser(world) is { } user)
            return Busy(user);
        world.IsMounted = false;
        if (!world.IsMountedElsewhere)
            world.EndMount();
        return StepResult.Done;
    }

    /// <summary>Who keeps it from being unmounted.</summary>
    internal static string? FindUser(World world) =>
        world.HasStranger("file") || world.HasStranger("cwd") ? "somebody has a file open"
            : world.Units.FirstOrDefault(static unit => unit.Uses) is { } unit ? $"{unit.Name} has files open"
            : null;

    private static StepResult Unmap(World world, UnlockdConfiguration configuration)
    {
        // What is on another container is none of ours.
        if (!IsOurs(world, configuration))
            return StepResult.Done;
        if (world.IsMounted || world.IsMountedElsewhere || world.IsMappingOpen)
            return Failed("take down mapping", LibC.EBUSY);
        world.RemoveMapping();
        return StepResult.Done;
    }

    private static StepResult Detach(World world, UnlockdConfiguration configuration)
    {
        bool IsOfIt(SimulatedLoop loop) => loop.File.Home == configuration.Volume.Container;
        bool isLost = world.Loops.Exists(loop => IsOfIt(loop) && loop.File.Path is null);
        // One that does not go keeps the others from being tried.
        foreach (SimulatedLoop loop in world.Loops
            .FindAll(loop => IsOfIt(loop) && loop.File.Path is not null)
            .OrderBy(loop => loop.File.Path != configuration.Volume.Container))
        {
            if (!world.Detach(loop))
                return Failed("detach", LibC.EBUSY);
        }

        return isLost
            ? StepResult.Failed(new(FaultKind.Damage, "the container was deleted; its device is all that is left"))
            : StepResult.Done;
    }

    private static StepResult SwapOn(World world, UnlockdConfiguration configuration)
    {
        if (world.Disk == DiskCondition.Full && configuration.Swap is not null)
            return Failed("make", LibC.ENOSPC);
        world.IsSwapOn = configuration.Swap is not null;
        return StepResult.Done;
    }

    private static StepResult SwapOff(World world)
    {
        if (world.IsMemoryShort && world.IsSwapOn)
            return Failed("take down", LibC.ENOMEM);
        world.IsSwapOn = false;
        return StepResult.Done;
    }

    private static StepResult Keep(Step step, World world)
    {
        if (step is Step.ForgetKey)
        {
            world.ForgetKey();
        }
        else if (world.KeptKey is { } key)
        {
            key.Expiry?.Cancel();
            key.Expiry = step is Step.ExpireKey { After: var time }
                ? world.Simulation.After(time, () => world.KeptKey = world.KeptKey == key ? null : world.KeptKey)
                : null;
        }

        return StepResult.Done;
    }

    private static StepResult Grow(World world, UnlockdConfiguration configuration, long size, Secret secret)
    {
        if (world.Disk == DiskCondition.Full)
            return Failed("make room in", LibC.ENOSPC);
        if (!IsOurs(world, configuration) || world.Mapping is not { IsOnNothing: false } mapping)
            return Failed("grow", LibC.ENXIO);
        if (mapping.Size == size)
            return StepResult.Done;
        if (secret == Secret.Wrong)
            return StepResult.Wrong();
        if (secret == Secret.None && (configuration.Lock.KeepKey is null || world.KeptKey is null))
            return new(StepEnd.PassphraseNeeded, new(FaultKind.Key, "a passphrase is needed"));
        mapping.File.Size = mapping.Lower!.Size = mapping.Size = size;
        return StepResult.Done;
    }

    private static StepResult Wipe(World world)
    {
        world.WipeKeys();
        return StepResult.Done;
    }

    /// <summary>Whether the mapping of the volume's name is the volume's.</summary>
    internal static bool IsOurs(World world, UnlockdConfiguration configuration) => world.Mapping is { } mapping
        && (mapping.IsOnNothing || mapping.File.Home == configuration.Volume.Container
            || mapping.File.Path == configuration.Volume.Container);

    /// <summary>Whether the volume is what a path below its mount point leads to.</summary>
    private static bool IsMountInSight(World world, UnlockdConfiguration configuration) =>
        world is { IsMounted: true, IsForeignMounted: false } && IsOurs(world, configuration);

    private static StepResult Busy(string what) => new(StepEnd.Busy, new(FaultKind.InUse, what));

    private static StepResult Failed(string operation, int errno) =>
        StepResult.Failed(Fault.Of(new LinuxException(operation, "the volume", errno)));
}
