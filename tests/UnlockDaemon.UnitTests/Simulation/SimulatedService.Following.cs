using UnlockDaemon.Service.Units;

namespace UnlockDaemon.UnitTests.Simulation;

/// <content>Keeps the status in step with the unit while nothing is done with it.</content>
internal sealed partial class SimulatedService
{
    private void TakeNews(SimulatedUnit unit)
    {
        if (_strand.IsDead)
            return;
        if (_work is not null)
            GoOn();
        else if (_isFollowed)
            Follow();
    }

    private void Follow()
    {
        bool isDown = Status.State is ServiceState.Stopped or ServiceState.Failed;
        switch (Unit.Phase)
        {
            case UnitPhase.Active when Unit.IsProbeReady:
                Judge(ServiceState.Ready, "");
                break;
            case UnitPhase.Active when Status.State != ServiceState.Failed || !_isJudged:
                AwaitReadiness();
                break;
            case UnitPhase.Activating:
                Judge(ServiceState.Starting, "systemd is starting it");
                break;
            case UnitPhase.Deactivating:
                Judge(ServiceState.Stopping, "is going down");
                break;
            case UnitPhase.Failed when !isDown || !_isJudged:
                Judge(ServiceState.Failed, "its unit failed");
                break;
            case UnitPhase.Inactive when !_isJudged:
                Judge(ServiceState.Stopped, "");
                break;
            case UnitPhase.Inactive when !isDown && !(Unit.HasFinished && Status.State == ServiceState.Ready):
                Judge(ServiceState.Stopped, "stopped, but not by unlockd");
                break;
        }
    }

    private void AwaitReadiness()
    {
        Judge(ServiceState.Starting, "");
        _readyBy?.Cancel();
        TimeSpan left = TimeSpan.FromTicks(Unit.ActiveSince - _world.Simulation.Now) + _configuration.Timeout;
        _readyBy = _world.Simulation.After(left, () =>
        {
            if (_work is null && Unit is { Phase: UnitPhase.Active, IsProbeReady: false })
                Judge(ServiceState.Failed, "not ready within its time");
        }, _strand);
    }

    private void Judge(ServiceState state, string detail)
    {
        _isJudged = true;
        Publish(state, detail);
    }
}
