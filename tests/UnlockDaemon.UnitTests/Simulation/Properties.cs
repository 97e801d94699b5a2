using System.Runtime.CompilerServices;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What must hold in every history, whatever happens in it.</summary>
internal sealed class Properties
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestStart = TimeSpan.FromMinutes(20);

    private readonly Simulation _simulation;
    private readonly World _world;
    private readonly List<LockUnderWay> _locks = [];
    private readonly HashSet<string> _stoppedByAdmin = [];
    private SimulatedDaemon? _daemon;
    private int _panics;
    private int _unlocks;
    private long _panicAnswered = long.MaxValue;
    private long _lastMap;
    private string? _leftAtLook = "nobody has looked";
    private long _startingSince;
    private int _disturbances;

    internal Properties(Simulation simulation, World world)
    {
        (_simulation, _world) = (simulation, world);
        world.StartedByDaemon = CheckStart;
        world.StoppedByDaemon = CheckStop;
        simulation.AfterEvent = CheckNow;
    }

    /// <summary>Whether something waits to be seen that only time will tell.</summary>
    internal int Pending { get; private set; }

    /// <summary>A daemon begins to look around, or is at work.</summary>
    internal void Watch(SimulatedDaemon daemon, bool isReady)
    {
        _daemon = isReady ? daemon : null;
        daemon.Machine.Looked = TakeLook;
        _startingSince = _simulation.Now;
    }

    /// <summary>The daemon has ended, and nothing that it had promised counts any more.</summary>
    internal void Forget()
    {
        _daemon = null;
        _locks.Clear();
        _panics = 0;
    }

    /// <summary>A step begins.</summary>
    internal void TakeStep(Step step)
    {
        if (step is Step.Map)
            _lastMap = _simulation.Now;
    }

    /// <summary>Whether a lock is under way.</summary>
    internal bool IsLocking => _locks.Count > 0;

    /// <summary>Somebody wants all services up: what an administrator said before does not count any more.</summary>
    internal void TakeUnlock()
    {
        _unlocks++;
        _stoppedByAdmin.Clear();
    }

    /// <summary>Something happens.</summary>
    internal void TakeCommand(Command command)
    {
        if (!command.IsHarmless)
            _disturbances++;
        if (command is Command.Reboot || !_world.AreNotesWritable)
            TakeUnlock();
        // What nobody has seen running, or is on its way somewhere, is nobody's word.
        if (command is Command.UnitIsStopped { Service: var name } && _locks.Count == 0 && _panics == 0
            && _daemon is { Volume.State: VolumeState.Ready or VolumeState.Degraded } && IsReady(name))
            NoteStop(name, _daemon, _unlocks);
    }

    /// <summary>A lock is asked for.</summary>
    internal LockUnderWay BeginLock(TimeSpan deadline)
    {
        SimulatedDaemon daemon = _daemon!;
        // A service that goes on without one it depends on is not started again without it.
        LockUnderWay begun = new(_simulation.Now, _disturbances, [.. daemon.Configuration.Services
            .Where(service => _panics == 0 && IsReady(service.Name) && service.DependsOn.All(IsReady))
            .Select(service => _world.Unit(service.Name))]);
        _locks.Add(begun);
        begun.Alarm = _simulation.After(deadline + s_grace, () =>
            _simulation.Violate("a lock answers by its deadline", "no answer a second after it"), daemon.Strand);
        return begun;
    }

    /// <summary>A lock has answered.</summary>
    internal void EndLock(LockUnderWay begun, LockOutcome outcome, SimulatedDaemon daemon)
    {
        begun.Alarm!.Cancel();
        _locks.Remove(begun);
        _simulation.Tell($"lock: {(outcome.Certificate is null ? outcome.Reason : "CERTIFICATE")}");
        string container = daemon.Configuration.Volume.Container;
        // During a hold the key is kept, as the certificate says, whoever asks for one.
        bool mayKeepKey = daemon is { Configuration.Lock.KeepKey: not null, Volume.Hold: not null };
        if (outcome.Certificate is not null && (_leftAtLook ?? _world.FindLeft(container, mayKeepKey)) is { } left)
            _simulation.Violate("a certificate is true", left);
        if (outcome.Refused)
            ExpectBack(begun, outcome.Reason, container);
    }

    /// <summary>A panic is asked for.</summary>
    internal Simulation.Due BeginPanic(TimeSpan limit)
    {
        _panics++;
        _panicAnswered = long.MaxValue;
        return _simulation.After(limit + s_grace, () =>
            _simulation.Violate("a panic answers in time", $"no answer after {limit.TotalSeconds} s"), _daemon!.Strand);
    }

    /// <summary>A panic has answered.</summary>
    internal void EndPanic(string? left, long begun)
    {
        _panics--;
        _simulation.Tell($"panic: {left ?? "all is down"}");
        if (left is null)
            _panicAnswered = _simulation.Now;
        else if (HasKey && _lastMap < begun && !left.Contains("unlock is still under way", StringComparison.Ordinal))
            _simulation.Violate("after a panic no key is left", $"it said: {left}");
    }

    /// <summary>Counts once the daemon has taken it up, if nobody has said otherwise by then.</summary>
    private void NoteStop(string service, SimulatedDaemon daemon, int unlocks) => _simulation.After(s_grace, () =>
    {
        if (_daemon == daemon && _unlocks == unlocks && _locks.Count == 0
            && daemon.StateOf(service) == ServiceState.Stopped)
            _stoppedByAdmin.Add(service);
    });

    private bool IsReady(string service) => _daemon!.StateOf(service) == ServiceState.Ready
        && _world.Unit(service) is { Phase: UnitPhase.Active, IsProbeReady: true };

    private bool HasKey => _world.Mapping is { HasKey: true } || _world.KeptKey is not null;

    private void TakeLook(Aspects aspects)
    {
        if (aspects.HasFlag(Aspects.Leftovers) && _daemon is { } daemon)
            _leftAtLook = _world.FindLeft(daemon.Configuration.Volume.Container, mayKeepKey: true);
    }

    private void CheckNow()
    {
        if (_panicAnswered < _simulation.Now && HasKey)
        {
            if (_lastMap <= _panicAnswered)
                _simulation.Violate("after a panic no key is left", "a key came, and nobody had unlocked since");
            _panicAnswered = long.MaxValue;
        }

        if (_daemon is not { } daemon || !_simulation.IsIdle)
            return;
        VolumeState state = daemon.Volume.State;
        bool isFree = TurnOf(daemon.Volume).IsFree && _panics == 0;
        if (isFree && state is VolumeState.Unlocking or VolumeState.Stopping or VolumeState.Locking)
            _simulation.Violate("no state is left standing", $"{state}, and nobody is at work");
        if (isFree && state == VolumeState.Locked && daemon.Volume.Seen.IsMapped && _world.Mapping is not null)
            _simulation.Violate("the state is true", "locked, and the mapping is there");
        if (state != VolumeState.Starting)
            _startingSince = _simulation.Now;
        else if (_simulation.Now - _startingSince > s_longestStart.Ticks)
            _simulation.Violate("a start comes to an end", $"starting for {s_longestStart.TotalMinutes} min");
    }

    private void CheckStart(string service)
    {
        if (!_world.IsMounted && _world.UnmountedByHandAt == 0)
            _simulation.Violate("no service is started on an unmounted volume", service);
        if (_world.Mapping is { IsOnNothing: true } && _world.WipedAt < _simulation.Now - s_grace.Ticks)
            _simulation.Violate("no service is started after a panic", service);
        if (_stoppedByAdmin.Contains(service))
            _simulation.Violate("what an administrator stops stays down", service);
    }

    /// <summary>What was in the way before a lock was asked for, it must have seen before it stops anything.</summary>
    private void CheckStop(string service)
    {
        if (_locks.Count == 0 || _panics > 0 || _world is not { IsMounted: true, Mapping.IsOnNothing: false })
            return;
        long begun = _locks.Min(static one => one.Begun);
        Stranger? holder = _world.Strangers.Find(stranger => stranger.Since <= begun && !stranger.IsPassing
            && stranger.Kind is "file" or "cwd" or "device");
        bool isDiskBad = _world.DiskSince <= begun
            && _world.Disk is DiskCondition.Full or DiskCondition.Broken or DiskCondition.Hung;
        if (holder is not null || isDiskBad || (_world.IsForeignMounted && _world.ForeignSince <= begun))
        {
            _simulation.Violate("nothing is stopped for what could be known before",
                $"{service}: {holder?.Kind} {(isDiskBad ? _world.Disk : null)}");
        }
    }

    /// <summary>After a lock that was refused, what ran runs again, if nothing else comes in between.</summary>
    private void ExpectBack(LockUnderWay begun, string reason, string container)
    {
        Pending++;
        _simulation.After(s_longestStart / 2, () =>
        {
            Pending--;
            if (_disturbances != begun.Disturbances || _world.UnmountedByHandAt != 0 || !_world.IsMounted
                || _daemon?.Configuration.Volume.Container != container || !_world.AreNotesWritable
                || _world.Units.Any(static unit => unit.IsBroken))
                return;
            if (begun.Ran.FirstOrDefault(static unit => unit is { Phase: not UnitPhase.Active, IsOneshot: false })
                is { } missing)
                _simulation.Violate("a refused lock leaves running what ran", $"{missing.Name}, refused: {reason}");
        });
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_turn")]
    private static extern ref VolumeTurn TurnOf(Volume volume);
}

/// <summary>A lock that was asked for and has not answered.</summary>
/// <param name="Begun">When it was asked for.</param>
/// <param name="Disturbances">What had happened by then.</param>
/// <param name="Ran">The services that were up and ready.</param>
internal sealed record LockUnderWay(long Begun, int Disturbances, IReadOnlyList<SimulatedUnit> Ran)
{
    /// <summary>Rings when it is too late.</summary>
    internal Simulation.Due? Alarm { get; set; }
}
