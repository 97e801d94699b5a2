namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What happens to the machine behind the daemon's back.</summary>
internal static class Mishaps
{
    /// <summary>Lets it happen.</summary>
    internal static void Happen(Command command, World world, string container)
    {
        switch (command)
        {
            case Command.StrangerComes comes when world.Mapping is not null:
                Welcome(comes.Kind, world);
                break;
            case Command.StrangersLeave:
                foreach (Stranger stranger in world.Strangers.ToArray())
                    world.Remove(stranger);
                break;
            case Command.UnitBreaks breaks:
                Break(world.Unit(breaks.Service), breaks.How);
                break;
            case Command.UnitsAreMended:
                foreach (SimulatedUnit unit in world.Units)
                    unit.Mend();
                break;
            case Command.UnitIsStopped stopped:
                world.Unit(stopped.Service).Stop();
                break;
            case Command.UnitIsStarted started:
                world.Unit(started.Service).Start();
                break;
            case Command.UnitCrashes crashes:
                world.Unit(crashes.Service).Crash();
                break;
            case Command.UnmountByHand when world.IsMounted && WorldSteps.FindUser(world) is null:
                (world.IsMounted, world.UnmountedByHandAt) = (false, world.Simulation.Now);
                if (!world.IsMountedElsewhere)
                    world.EndMount();
                break;
            case Command.ForeignMount mount:
                (world.IsForeignMounted, world.ForeignSince) = (mount.IsThere, world.Simulation.Now);
                break;
            case Command.ClockStep step:
                world.Simulation.WallStep += step.By;
                break;
            case Command.DiskBecomes disk:
                world.SetDisk(disk.Condition);
                break;
            case Command.NotesAreWritable notes:
                world.AreNotesWritable = notes.AreThey;
                break;
            case Command.MemoryIsShort:
                world.IsMemoryShort = true;
                break;
            default:
                HappenToContainer(command, world, container);
                break;
        }
    }

    private static void HappenToContainer(Command command, World world, string container)
    {
        switch (command)
        {
            case Command.ContainerIsWritten written
                when world.FileAt(written.Path) is { } file && IsClosed(file, world):
                file.Write(FilesystemCondition.Dirty);
                break;
            case Command.ContainerIsDeleted when world.FileAt(container) is { } file:
                file.Path = null;
                // Without a device on it nothing is left of it.
                if (IsClosed(file, world))
                    world.Files.Remove(file);
                break;
            case Command.ContainerIsMoved when world.FileAt(container) is { } file:
                file.Path = container + ".moved";
                break;
            case Command.FilesystemBreaks when world.FileAt(container) is { } file && IsClosed(file, world):
                file.Write(FilesystemCondition.Broken);
                break;
        }
    }

    private static bool IsClosed(SimulatedFile file, World world) => !world.Loops.Exists(loop => loop.File == file);

    private static void Welcome(string kind, World world)
    {
        if (kind == "passing")
            world.AddStranger("device", TimeSpan.FromSeconds(3));
        else if (world.IsMounted || kind == "device")
            world.AddStranger(kind);
    }

    private static void Break(SimulatedUnit unit, string how)
    {
        switch (how)
        {
            case "start fails":
                unit.FailsToStart = true;
                break;
            case "start hangs":
                unit.HangsAtStart = true;
                break;
            case "late":
                unit.IsLate = true;
                break;
            case "stop hangs":
                unit.HangsAtStop = true;
                break;
            case "leaves processes":
                unit.LeavesProcesses = true;
                break;
            default:
                (unit.StartTime, unit.StopTime) = (TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(30));
                break;
        }
    }
}
