using System.Diagnostics;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>Keeps a service's status in step with its unit, while nobody starts or stops it.</summary>
internal sealed class ServiceFollower(
    ServiceConfiguration configuration, FollowedUnit unit, ServiceStart start, ServiceRecord record)
{
    /// <summary>How long a daemon that just started waits for the first word of a service's probe.</summary>
    internal static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(2);

    /// <summary>Follows until cancelled; asleep as long as the unit does not change.</summary>
    /// <param name="reflected">Set when the status is in step for the first time.</param>
    /// <param name="cancellationToken">Ends the following.</param>
    internal async Task RunAsync(TaskCompletionSource? reflected, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                UnitState state = unit.State;
                if (record.IsNews(state))
                    await ReflectAsync(state, cancellationToken);
                reflected?.TrySetResult();
                if (record.Status.State == ServiceState.Failed && state.IsActive && !UnitFailure.IsHollow(state))
                    await ReflectLateAsync(cancellationToken);
                else
                    await unit.WaitForChangeAsync(state, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
    }

    private Task ReflectAsync(UnitState state, CancellationToken cancellationToken)
    {
        if (state.IsActive)
            return ReflectActiveAsync(state, cancellationToken);
        if (state.IsFailed && !state.IsChanging && !record.TellsOf(state))
            return ReflectFailureAsync(state, cancellationToken);
        ReflectInactive(state);
        return Task.CompletedTask;
    }

    private async Task ReflectActiveAsync(UnitState state, CancellationToken cancellationToken)
    {
        if (record.IsReady && !UnitFailure.IsHollow(state))
            record.Accept(state);
        else if (record.IsReady && configuration.Ready is null)
            await record.ReportAsync(new Outcome(false, UnitFailure.Hollow, state), null, cancellationToken);
        else
            await record.ReportAsync(
                await start.AwaitReadinessAsync(TimeLeft(state), cancellationToken), null, cancellationToken);
    }

    /// <summary>Late is not never: what comes up after its time is taken in, and those that wait for it go on.</summary>
    private async Task ReflectLateAsync(CancellationToken cancellationToken)
    {
        if (await start.AwaitLateAsync(cancellationToken) is { IsReady: true } ready)
            await record.ReportAsync(ready, null, cancellationToken);
    }

    private async Task ReflectFailureAsync(UnitState state, CancellationToken cancellationToken)
    {
        if (await start.ConfirmDownAsync(state, cancellationToken) is { } outcome)
            await record.ReportAsync(outcome, null, cancellationToken);
    }

    private void ReflectInactive(UnitState state)
    {
        if (state.IsChanging)
            record.Judge(
                state,
                state.ActiveState == "deactivating" ? ServiceState.Stopping : ServiceState.Starting,
                ReadinessWait.DescribeChange(state));
        else if (UnitFailure.HasRun(state) && (record.Judged is null || !record.IsDown))
            record.Judge(state, ServiceState.Ready, "");
        else if (record.Judged is null)
            record.Judge(state, ServiceState.Stopped, "");
        else if (!record.IsDown)
            record.Judge(state, ServiceState.Stopped, "stopped, but not by unlockd");
        else
            record.Accept(state);
    }

    /// <summary>What is left of the service's time, counted from when its unit came up.</summary>
    private TimeSpan TimeLeft(UnitState state)
    {
        // Both count CLOCK_MONOTONIC.
        TimeSpan left = state.ActiveSince + configuration.Timeout - Stopwatch.GetElapsedTime(0);
        return left < FirstLook ? FirstLook : left;
    }
}
