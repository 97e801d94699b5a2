using UnlockDaemon.UnitTests.Simulation;

namespace UnlockDaemon.Conformance;

/// <summary>What a stranger does to the simulated machine.</summary>
internal static class SimulatedHand
{
    private const string Moved = World.PathA + ".moved";

    /// <summary>Does it.</summary>
    /// <returns>Whether it could be done.</returns>
    internal static bool Do(StrangersAct act, World world) => act switch
    {
        StrangersAct.HoldFile => IsVolumeInSight(world) && Come("file", world),
        StrangersAct.HoldDirectory => IsVolumeInSight(world) && Come("cwd", world),
        StrangersAct.HoldNamespace => IsVolumeInSight(world) && Come("mount-namespace", world),
        StrangersAct.HoldMapping => world.Mapping is not null && Come("device", world),
        StrangersAct.LetGo => LetGo(world),
        StrangersAct.UnmountByHand => Unmount(world),
        StrangersAct.UnmapByHand => Unmap(world),
        StrangersAct.MountOther => !world.IsForeignMounted && (world.IsForeignMounted = true),
        StrangersAct.MarkUnclean => Write(FilesystemCondition.Dirty, world),
        StrangersAct.BreakFilesystem => Write(FilesystemCondition.Broken, world),
        StrangersAct.MoveContainer => Rename(World.PathA, Moved, world),
        StrangersAct.MoveContainerBack => Rename(Moved, World.PathA, world),
        StrangersAct.PutAnother => PutAnother(world),
        _ => world.FileAt(World.PathA) is { } file && DoToContainer(act, file, world),
    };

    private static bool DoToContainer(StrangersAct act, SimulatedFile file, World world)
    {
        switch (act)
        {
            case StrangersAct.AttachAgain:
                world.AddLoop(file);
                return true;
            case StrangersAct.DetachByHand:
                return Detach(file, world);
            case StrangersAct.HoldLoop:
                return world.Loops.Exists(loop => loop.File == file) && Come("device", world, isBelow: true);
            case StrangersAct.DeleteContainer:
                file.Path = null;
                return true;
            case StrangersAct.TruncateContainer:
                file.Size -= Move.Piece;
                return true;
            default:
                throw new ArgumentOutOfRangeException(nameof(act), act, message: null);
        }
    }

    /// <summary>Whether a path below the mount point leads to the volume.</summary>
    private static bool IsVolumeInSight(World world) => world is { IsMounted: true, IsForeignMounted: false };

    private static bool Come(string kind, World world, bool isBelow = false)
    {
        world.AddStranger(kind, isBelow: isBelow);
        return true;
    }

    private static bool LetGo(World world)
    {
        foreach (Stranger stranger in world.Strangers.ToArray())
            world.Remove(stranger);
        return true;
    }

    private static bool Unmount(World world)
    {
        if (world.IsForeignMounted)
        {
            world.IsForeignMounted = false;
            return true;
        }

        if (!world.IsMounted || WorldSteps.FindUser(world) is not null)
            return false;
        world.IsMounted = false;
        if (!world.IsMountedElsewhere)
            world.EndMount();
        return true;
    }

    private static bool Unmap(World world)
    {
        if (world.Mapping is null || world.IsMounted || world.IsMountedElsewhere || world.IsMappingOpen)
            return false;
        world.RemoveMapping();
        return true;
    }

    private static bool Detach(SimulatedFile file, World world)
    {
        List<SimulatedLoop> loops = world.Loops.FindAll(loop => loop.File == file);
        foreach (SimulatedLoop loop in loops)
            world.Detach(loop);
        return loops.Count > 0;
    }

    private static bool Write(FilesystemCondition condition, World world)
    {
        if (world.Mapping is not { IsOnNothing: false } mapping || world.IsMounted || world.IsMountedElsewhere
            || world.IsMappingOpen)
            return false;
        mapping.File.Write(condition);
        return true;
    }

    private static bool Rename(string from, string to, World world)
    {
        if (world.FileAt(from) is not { } file || world.FileAt(to) is not null)
            return false;
        file.Path = to;
        return true;
    }

    private static bool PutAnother(World world)
    {
        if (world.FileAt(World.PathA) is not null)
            return false;
        world.Files.Add(new SimulatedFile(13, World.PathA) { Size = Move.ContainerSize });
        return true;
    }
}
