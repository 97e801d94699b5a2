namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What systemd says of a unit.</summary>
internal enum UnitPhase
{
    Inactive,
    Activating,
    Active,
    Deactivating,
    Failed,
}

/// <summary>A unit of systemd with its processes. A gate lets it start only where the volume is mounted.</summary>
internal sealed class SimulatedUnit(string name, World world)
{
    // What systemd waits for a start or a stop before it kills.
    private static readonly TimeSpan s_systemdsPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan s_probe = TimeSpan.FromSeconds(1);

    // Far behind the time that the service is given.
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(200);
    private static readonly TimeSpan s_killed = TimeSpan.FromMilliseconds(50);

    private Simulation.Due? _next;
    private Simulation.Due? _probe;

    internal string Name { get; } = name;

    internal UnitPhase Phase { get; private set; }

    /// <summary>Whether its probe would find it ready.</summary>
    internal bool IsProbeReady { get; private set; }

    internal long ActiveSince { get; private set; }

    /// <summary>Processes that a stop left in its control group.</summary>
    internal bool HasRemains { get; private set; }

    /// <summary>Whether the last run of a oneshot did what it had to do.</summary>
    internal bool HasFinished { get; private set; }

    /// <summary>Whether anything of it has files on the volume open.</summary>
    internal bool Uses => HasRemains || Phase is not (UnitPhase.Inactive or UnitPhase.Failed);

    /// <summary>Whether it cannot come up, and those that depend on it with it.</summary>
    internal bool IsBroken => FailsToStart || HangsAtStart || IsLate;

    internal bool FailsToStart { get; set; }

    internal bool HangsAtStart { get; set; }

    internal bool IsLate { get; set; }

    internal bool HangsAtStop { get; set; }

    internal bool LeavesProcesses { get; set; }

    internal bool IsOneshot { get; set; }

    internal TimeSpan StartTime { get; set; } = TimeSpan.FromSeconds(2);

    internal TimeSpan StopTime { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The daemon that follows it.</summary>
    internal Action<SimulatedUnit>? Changed { get; set; }

    /// <summary>Takes away all that is wrong with it.</summary>
    internal void Mend()
    {
        (FailsToStart, HangsAtStart, IsLate, HangsAtStop, LeavesProcesses) = (false, false, false, false, false);
        if (Phase == UnitPhase.Active && !IsProbeReady)
            SetProbe(s_probe);
        if (Phase == UnitPhase.Activating)
            After(StartTime, ComeUp);
        if (Phase == UnitPhase.Deactivating)
            After(StopTime, GoDown);
    }

    /// <summary>The machine was switched off.</summary>
    internal void Reset()
    {
        _next?.Cancel();
        _probe?.Cancel();
        (Phase, IsProbeReady, HasRemains, HasFinished) = (UnitPhase.Inactive, false, false, false);
    }

    /// <summary>A start job.</summary>
    /// <returns>Whether it began, or was not needed.</returns>
    internal bool Start()
    {
        if (Phase is UnitPhase.Active or UnitPhase.Activating)
            return true;
        if (!world.IsMounted)
            return false;
        HasFinished = false;
        Enter(UnitPhase.Activating);
        After(HangsAtStart ? s_systemdsPatience : StartTime, HangsAtStart ? Fail : ComeUp);
        return true;
    }

    /// <summary>A stop job.</summary>
    internal void Stop()
    {
        if (Phase is not (UnitPhase.Active or UnitPhase.Activating))
            return;
        Enter(UnitPhase.Deactivating);
        After(HangsAtStop ? s_systemdsPatience : StopTime, GoDown);
    }

    /// <summary>Its processes are killed.</summary>
    internal void Kill()
    {
        HasRemains = false;
        if (Uses)
            After(s_killed, () => Enter(UnitPhase.Inactive));
    }

    /// <summary>What a stop left ends.</summary>
    internal void Clear() => HasRemains = false;

    /// <summary>It ends by itself, in the middle of its work.</summary>
    internal void Crash()
    {
        if (Phase is UnitPhase.Active or UnitPhase.Activating)
            Fail();
    }

    private void ComeUp()
    {
        if (FailsToStart)
        {
            Fail();
            return;
        }

        if (IsOneshot)
        {
            HasFinished = true;
            Enter(UnitPhase.Inactive);
            return;
        }

        ActiveSince = world.Simulation.Now;
        Enter(UnitPhase.Active);
        SetProbe(IsLate ? s_late : s_probe);
    }

    private void SetProbe(TimeSpan after)
    {
        _probe?.Cancel();
        _probe = world.Simulation.After(after, () =>
        {
            IsProbeReady = true;
            Tell();
        });
    }

    private void GoDown()
    {
        HasRemains = LeavesProcesses;
        Enter(UnitPhase.Inactive);
    }

    private void Fail() => Enter(UnitPhase.Failed);

    private void After(TimeSpan delay, Action next)
    {
        _next?.Cancel();
        _next = world.Simulation.After(delay, next);
    }

    private void Enter(UnitPhase phase)
    {
        _next?.Cancel();
        _probe?.Cancel();
        IsProbeReady = false;
        Phase = phase;
        world.Simulation.Tell($"{Name}: {phase}");
        Tell();
    }

    // systemd's news come a moment later.
    private void Tell() => world.Simulation.After(TimeSpan.Zero, () => Changed?.Invoke(this));
}
