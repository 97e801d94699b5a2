using UnlockDaemon.Storage;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>The machine as it really is: what kernel, disk and systemd have. Daemons come and go on it.</summary>
internal sealed class World
{
    internal const string PathA = "/var/a";
    internal const string PathB = "/var/b";

    private int _nextPid = 5000;

    internal World(Simulation simulation, IEnumerable<string> services)
    {
        Simulation = simulation;
        Files = [new SimulatedFile(11, PathA), new SimulatedFile(12, PathB)];
        Units = [.. services.Select(name => new SimulatedUnit(name, this))];
    }

    internal Simulation Simulation { get; }

    internal List<SimulatedFile> Files { get; }

    internal List<SimulatedLoop> Loops { get; } = [];

    internal SimulatedMapping? Mapping { get; set; }

    /// <summary>Whether the mapping is mounted in its place.</summary>
    internal bool IsMounted { get; set; }

    /// <summary>Whether something else is mounted there, on top.</summary>
    internal bool IsForeignMounted { get; set; }

    /// <summary>Since when.</summary>
    internal long ForeignSince { get; set; }

    /// <summary>The file system is mounted nowhere in sight, and still in somebody's namespace.</summary>
    internal bool IsMountedElsewhere => !IsMounted && Mapping is not null && HasStranger("mount-namespace");

    /// <summary>When the volume was unmounted by hand; 0 when it was mounted again by unlockd since.</summary>
    internal long UnmountedByHandAt { get; set; }

    /// <summary>When a panic took the key out of the mapping.</summary>
    internal long WipedAt { get; private set; }

    internal SimulatedKey? KeptKey { get; set; }

    internal bool IsSwapOn { get; set; }

    /// <summary>There is not memory enough to take back what is in swap.</summary>
    internal bool IsMemoryShort { get; set; }

    internal List<Stranger> Strangers { get; } = [];

    internal IReadOnlyList<SimulatedUnit> Units { get; }

    /// <summary>What the daemons of this boot noted.</summary>
    internal BootMemory? Notes { get; set; }

    internal bool AreNotesWritable { get; set; } = true;

    internal DiskCondition Disk { get; private set; }

    internal long DiskSince { get; private set; }

    /// <summary>Told when the disk, or what is between it and a call, does otherwise than before.</summary>
    internal event Action? DiskChanged;

    /// <summary>Told when a service is started by a daemon; the name.</summary>
    internal Action<string>? StartedByDaemon { get; set; }

    /// <summary>Told when a service is stopped by a daemon; the name.</summary>
    internal Action<string>? StoppedByDaemon { get; set; }

    internal SimulatedFile? FileAt(string path) => Files.Find(file => file.Path == path);

    internal SimulatedUnit Unit(string name) => Units.First(unit => unit.Name == name);

    internal bool HasStranger(string kind) => Strangers.Exists(stranger => stranger.Kind == kind);

    /// <summary>Whether somebody has the mapping open.</summary>
    internal bool IsMappingOpen => Strangers.Exists(static one => one is { Kind: "device", IsBelow: false });

    /// <summary>Whether a loop device cannot be detached yet.</summary>
    internal bool IsInUse(SimulatedLoop loop) =>
        Mapping?.Lower == loop || Strangers.Exists(static one => one is { Kind: "device", IsBelow: true });

    /// <summary>Attaches a file to the lowest device that is free, as the kernel does.</summary>
    internal SimulatedLoop AddLoop(SimulatedFile file)
    {
        int number = 0;
        while (Loops.Exists(loop => loop.Number == number))
            number++;
        SimulatedLoop loop = new(number, file);
        Loops.Insert(Loops.FindIndex(other => other.Number > number) is var index and >= 0 ? index : Loops.Count, loop);
        return loop;
    }

    /// <summary>Detaches a loop device, at its last close where it is in use.</summary>
    /// <returns>Whether it is gone.</returns>
    internal bool Detach(SimulatedLoop loop)
    {
        loop.IsGoing = true;
        return !IsInUse(loop) && Loops.Remove(loop);
    }

    /// <summary>Takes the mapping down; what was to go with its last user goes.</summary>
    internal void RemoveMapping()
    {
        Mapping = null;
        RemoveGoingLoops();
    }

    private void RemoveGoingLoops() => Loops.RemoveAll(loop => loop.IsGoing && !IsInUse(loop));

    internal void SetDisk(DiskCondition condition)
    {
        if (condition == Disk)
            return;
        (Disk, DiskSince) = (condition, Simulation.Now);
        DiskChanged?.Invoke();
    }

    internal void AddStranger(string kind, TimeSpan? passingAfter = null, bool isBelow = false)
    {
        Stranger stranger = new(_nextPid++, kind, Simulation.Now)
        {
            IsPassing = passingAfter is not null,
            IsBelow = isBelow,
        };
        Strangers.Add(stranger);
        if (passingAfter is { } time)
            Simulation.After(time, () => Remove(stranger));
    }

    internal void Remove(Stranger stranger)
    {
        if (!Strangers.Remove(stranger))
            return;
        if (stranger.Kind == "mount-namespace" && !IsMounted && !HasStranger("mount-namespace"))
            EndMount();
        RemoveGoingLoops();
    }

    /// <summary>The last mount of it is gone: what was in memory goes to the disk, if there is one.</summary>
    internal void EndMount()
    {
        if (Mapping is not { } mapping)
            return;
        bool isWritten = !mapping.IsOnNothing && Disk is DiskCondition.Fine or DiskCondition.Slow;
        if (mapping.File.Filesystem == FilesystemCondition.Dirty && isWritten)
            mapping.File.Write(FilesystemCondition.Clean);
    }

    /// <summary>Takes every key out of the kernel; what waits for the disk by way of the mapping fails.</summary>
    internal void WipeKeys()
    {
        if (Mapping is { IsOnNothing: false })
            (Mapping.Lower, WipedAt) = (null, Simulation.Now);
        RemoveGoingLoops();
        ForgetKey();
        DiskChanged?.Invoke();
    }

    internal void ForgetKey()
    {
        KeptKey?.Expiry?.Cancel();
        KeptKey = null;
    }

    /// <summary>The power is gone and comes again: what was in the kernel is not any more.</summary>
    internal void Reboot()
    {
        ForgetKey();
        (Mapping, IsMounted, IsForeignMounted, IsSwapOn, Notes) = (null, false, false, false, null);
        Loops.Clear();
        Strangers.Clear();
        Files.RemoveAll(static file => file.Path is null);
        foreach (SimulatedFile file in Files)
            file.IsTouched = false;
        foreach (SimulatedUnit unit in Units)
            unit.Reset();
        UnmountedByHandAt = 0;
    }

    /// <summary>Why nothing of a container is proven to be left, as it really is; null when nothing is.</summary>
    /// <param name="path">Where the container is.</param>
    /// <param name="mayKeepKey">Whether the kernel may keep its key.</param>
    internal string? FindLeft(string path, bool mayKeepKey)
    {
        SimulatedFile? file = FileAt(path);
        return file is null ? "there is no container"
            : Loops.Exists(loop => loop.File.Home == path || loop.File == file) ? "a loop device"
            : Mapping is not null ? "a mapping"
            : IsMounted || IsMountedElsewhere ? "a mount"
            : KeptKey is not null && !mayKeepKey ? "a kept key"
            : IsSwapOn ? "swap"
            : Units.FirstOrDefault(static unit => unit.Uses) is { } unit ? $"service {unit.Name}"
            : file.IsTouched && file.Filesystem != FilesystemCondition.Clean ? $"the file system is {file.Filesystem}"
            : null;
    }
}
