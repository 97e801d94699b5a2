using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>
/// One service as a daemon sees it: does one thing with its unit at a time, and follows the unit when it does nothing.
/// </summary>
internal sealed partial class SimulatedService
{
    // The way to systemd and back.
    private static readonly TimeSpan s_bus = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_clearing = TimeSpan.FromSeconds(12);

    private readonly ServiceConfiguration _configuration;
    private readonly World _world;
    private readonly SimulatedStrand _strand;
    private readonly Action<ServiceStatus> _changed;
    private readonly Queue<ServiceWork> _waiting = new();
    private ServiceWork? _work;
    private CancellationTokenRegistration _registration;
    private Simulation.Due? _readyBy;
    private bool _isJudged;
    private bool _isFollowed;

    internal SimulatedService(
        ServiceConfiguration configuration, World world, SimulatedStrand strand, Action<ServiceStatus> changed)
    {
        (_configuration, _world, _strand, _changed) = (configuration, world, strand, changed);
        Unit = world.Unit(configuration.Name);
        Unit.Changed = TakeNews;
        Status = new(configuration.Name, configuration.Unit, ServiceState.Stopped, "", null, []);
    }

    internal SimulatedUnit Unit { get; }

    internal ServiceStatus Status { get; private set; }

    /// <summary>Adds a piece of work; it begins when those before it have ended.</summary>
    internal ServiceWork Add(ServiceWork work)
    {
        _waiting.Enqueue(work);
        _world.Simulation.After(s_bus, BeginNext, _strand);
        return work;
    }

    /// <summary>Changes the status.</summary>
    internal void Publish(ServiceState state, string detail)
    {
        if (Status.State == state && Status.Detail == detail)
            return;
        _world.Simulation.Tell($"    {Status.Name} is {state} {detail}");
        Status = Status with { State = state, Detail = detail };
        _changed(Status);
    }

    internal RunningService Left(string reason) => new(_configuration.Name, _configuration.Unit, reason, []);

    /// <summary>Hears no more of the unit.</summary>
    internal void Unfollow() => Unit.Changed = null;

    private void BeginNext()
    {
        if (_work is not null || !_waiting.TryDequeue(out ServiceWork? work))
            return;
        _work = work;
        _readyBy?.Cancel();
        (_isJudged, _isFollowed) = (false, true);
        if (work.Cancellation.IsCancellationRequested && work is ServiceWork.Start or ServiceWork.Observe)
        {
            Leave(work.Cancel);
            return;
        }

        Begin(work);
        if (_work == work && work.Cancellation.CanBeCanceled)
        {
            _registration = work.Cancellation.UnsafeRegister(
                static (self, _) => ((SimulatedService)self!).GiveUp(), this);
        }
    }

    private void Begin(ServiceWork work)
    {
        switch (work)
        {
            case ServiceWork.Start start:
                Publish(ServiceState.Starting, "");
                start.Limit = _world.Simulation.After(
                    _configuration.Timeout, () => Fail("not ready within its time"), _strand);
                _world.StartedByDaemon?.Invoke(Unit.Name);
                if (!Unit.Start())
                    Fail("its gate is closed");
                break;
            case ServiceWork.Stop:
                Publish(ServiceState.Stopping, "");
                break;
            case ServiceWork.Kill:
                Publish(ServiceState.Stopping, "");
                Unit.Kill();
                break;
            case ServiceWork.Block block:
                Judge(ServiceState.Failed, block.Reason);
                Leave(() => work.End(Left("is held back")));
                return;
        }

        GoOn();
    }

    /// <summary>Does what the unit's state allows now.</summary>
    private void GoOn()
    {
        switch (_work)
        {
            case ServiceWork.Observe observe:
                Leave(() => observe.End(null));
                break;
            case ServiceWork.Start when Unit.HasFinished || Unit is { Phase: UnitPhase.Active, IsProbeReady: true }:
                Succeed();
                break;
            case ServiceWork.Start when Unit.Phase is UnitPhase.Failed or UnitPhase.Inactive:
                Fail("its unit failed");
                break;
            case ServiceWork.Stop stop:
                GoOnStopping(stop);
                break;
            case ServiceWork.Kill kill when !Unit.Uses:
                Judge(ServiceState.Stopped, "");
                Leave(() => kill.End(null));
                break;
        }
    }

    private void GoOnStopping(ServiceWork.Stop stop)
    {
        if (!stop.HasBegun)
        {
            // A start is let come to its end, for a while.
            bool isPatient = Unit.Phase == UnitPhase.Activating;
            stop.HasBegun = !isPatient;
            if (isPatient)
                _world.Simulation.After(s_startPatience, () => Ask(stop), _strand);
            else
                Ask(stop);
        }
        else if (Unit.Phase is UnitPhase.Inactive or UnitPhase.Failed)
        {
            if (!Unit.HasRemains)
            {
                Judge(ServiceState.Stopped, "");
                Leave(() => stop.End(null));
            }
            else if (!stop.IsClearing)
            {
                stop.IsClearing = true;
                _world.Simulation.After(s_clearing, () => Clear(stop), _strand);
            }
        }
    }

    private void Ask(ServiceWork.Stop stop)
    {
        if (_work != stop)
            return;
        stop.HasBegun = true;
        if (Unit.Uses)
            _world.StoppedByDaemon?.Invoke(Unit.Name);
        Unit.Stop();
        GoOn();
    }

    private void Clear(ServiceWork.Stop stop)
    {
        if (_work != stop)
            return;
        Unit.Clear();
        GoOn();
    }

    private void Succeed()
    {
        ServiceWork work = _work!;
        Judge(ServiceState.Ready, "");
        Leave(() => work.End(null));
    }

    private void Fail(string why)
    {
        if (_work is not ServiceWork.Start start)
            return;
        Judge(ServiceState.Failed, why);
        Leave(() => start.End(Left(why)));
    }

    private void GiveUp()
    {
        switch (_work)
        {
            case ServiceWork.Start or ServiceWork.Observe:
                Leave(_work.Cancel);
                break;
            case ServiceWork.Stop or ServiceWork.Kill:
                ServiceWork work = _work;
                Leave(() => work.End(Left("did not stop before the deadline")));
                break;
        }
    }

    /// <summary>Ends the work at hand, and follows the unit from here.</summary>
    private void Leave(Action answer)
    {
        (_work as ServiceWork.Start)?.Limit?.Cancel();
        _registration.Dispose();
        // Over the bus, like all that systemd says: whoever asked is not called from within their own call.
        _world.Simulation.After(TimeSpan.Zero, answer, _strand);
        _work = null;
        if (_waiting.Count > 0)
            _world.Simulation.After(s_bus, BeginNext, _strand);
        else
            Follow();
    }
}
