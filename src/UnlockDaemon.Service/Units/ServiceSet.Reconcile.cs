using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <content>The loop that brings each service to what is wanted of it.</content>
public sealed partial class ServiceSet
{
    /// <summary>Does what is missing, and sees to it that what may be missing later is done then.</summary>
    private void Reconcile()
    {
        if (!_isUp)
            return;
        long now = _time.GetTimestamp();
        // A service that is held back holds back those behind it in the plan, at once.
        foreach (ServiceConfiguration service in _plan.Services.Where(service => _wanted.Contains(service.Name)))
        {
            ServiceMove move = ServiceMove.Of(service, StandingOf, now);
            if (move.Kind == MoveKind.Start)
                _trials[service.Name].Begin(stop => StartAsync(service.Name, stop));
            else if (move.Kind == MoveKind.Await)
                _edge.Await(service.Name, move.Reason);
            else if (move.Kind == MoveKind.Block && _edge.StatusOf(service.Name).Detail != move.Reason)
                _trials[service.Name].Begin(_ => BlockAsync(service.Name, move.Reason));
        }

        if (_settling is not null && Wanted.All(name => StandingOf(name).IsSettled))
            Settle(AreAllReady);
        ScheduleRetry(now);
    }

    private ServiceStanding StandingOf(string name)
    {
        ServiceTrial trial = _trials[name];
        return new(_edge.StatusOf(name).State, _edge.IsUp(name), trial.IsRunning, trial.WasTried, trial.RetryAt,
            _wanted.Contains(name));
    }

    private async Task BlockAsync(string name, string reason)
    {
        await _edge.BlockAsync(name, reason);
        _trials[name].Cancel();
        Reconcile();
    }

    private Task WantNoneAsync()
    {
        _isUp = false;
        _wanted.Clear();
        _seenReady.Clear();
        WantedChanged?.Invoke();
        Settle(false);
        return Task.WhenAll(_trials.Values.Select(static trial => trial.StopAsync()));
    }

    private void Settle(bool areAllReady)
    {
        TaskCompletionSource<bool>? settling = _settling;
        _settling = null;
        settling?.SetResult(areAllReady);
    }

    private void ScheduleRetry(long now)
    {
        long next = _plan.Services.Where(service => _wanted.Contains(service.Name))
            .Select(service => ServiceMove.NextTry(service, StandingOf)).DefaultIfEmpty(long.MaxValue).Min();
        _retry ??= _time.CreateTimer(
            _ => _strand.Post(Reconcile), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _retry.Change(next == long.MaxValue ? Timeout.InfiniteTimeSpan
            : next <= now ? TimeSpan.FromMilliseconds(1) : _time.GetElapsedTime(now, next), Timeout.InfiniteTimeSpan);
    }

    private void TakeUp(ServiceStatus status)
    {
        ServiceTrial trial = _trials[status.Name];
        if (status.State == ServiceState.Ready)
            _seenReady.Add(status.Name);
        else if (status.State is ServiceState.Stopped or ServiceState.Failed && !trial.IsRunning
            && _seenReady.Remove(status.Name))
            TakeUpEnd(status, trial);
        Reconcile();
    }

    /// <summary>
    /// What failed is tried again after a while. What somebody stops who is not unlockd is to stay down until the next
    /// unlock.
    /// </summary>
    private void TakeUpEnd(ServiceStatus status, ServiceTrial trial)
    {
        if (status.State == ServiceState.Failed)
            trial.End(isReady: false, RetryAfter(trial));
        else if (_wanted.Remove(status.Name))
            WantedChanged?.Invoke();
    }

    private long RetryAfter(ServiceTrial trial) =>
        _time.GetTimestampAfter(ServiceMove.PauseAfter(trial.Failures + 1));
}
