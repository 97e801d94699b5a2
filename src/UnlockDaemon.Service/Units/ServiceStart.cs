using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>Brings one service up: the unit's start job, then its readiness, all within a limit.</summary>
/// <param name="unit">The unit, followed.</param>
/// <param name="configuration">The service.</param>
/// <param name="systemd">Runs the jobs.</param>
/// <param name="waiting">Told what is waited for.</param>
internal sealed class ServiceStart(
    FollowedUnit unit, ServiceConfiguration configuration, ISystemd systemd, Action<string> waiting)
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    // Nobody waits for it any more but the services behind it.
    private static readonly TimeSpan s_longestLatePause = TimeSpan.FromSeconds(15);
    private readonly ReadinessWait _readiness = Wait(unit, configuration, systemd, waiting, s_longestPause);
    private readonly ReadinessWait _late = Wait(unit, configuration, systemd, static _ => { }, s_longestLatePause);

    /// <summary>Starts the unit and waits until it is ready.</summary>
    /// <param name="prepare">Sees to it that the unit is followed.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal Task<Outcome> RunAsync(Func<CancellationToken, Task> prepare, CancellationToken cancellationToken) =>
        WithinAsync(
            configuration.Timeout,
            async token =>
            {
                await prepare(token);
                return await BringUpAsync(token);
            },
            cancellationToken);

    /// <summary>Waits until a unit that somebody else started is ready.</summary>
    internal Task<Outcome> AwaitReadinessAsync(TimeSpan limit, CancellationToken cancellationToken) =>
        WithinAsync(limit, _readiness.WaitAsync, cancellationToken);

    /// <summary>Waits on, in silence, for a unit that is up and was not ready in time.</summary>
    internal Task<Outcome> AwaitLateAsync(CancellationToken cancellationToken) =>
        WithinAsync(Timeout.InfiniteTimeSpan, _late.WaitAsync, cancellationToken);

    /// <summary>Asks again about a unit that looks down; null if it is not.</summary>
    internal async Task<Outcome?> ConfirmDownAsync(UnitState state, CancellationToken cancellationToken)
    {
        try
        {
            return await _readiness.ConfirmDownAsync(state, cancellationToken);
        }
        catch (SystemdException)
        {
            return new Outcome(false, UnitFailure.Describe(state), state);
        }
    }

    private static ReadinessWait Wait(FollowedUnit unit, ServiceConfiguration configuration, ISystemd systemd,
        Action<string> waiting, TimeSpan longestPause) => new(
        unit, configuration.Ready is { } probe ? ReadinessProbe.Create(probe) : null, systemd, waiting, longestPause);

    private async Task<Outcome> BringUpAsync(CancellationToken cancellationToken)
    {
        UnitState state = unit.State;
        if (state.IsFailed)
            await systemd.ResetFailedUnitAsync(configuration.Unit, cancellationToken);
        if (state.IsActive && !IsHollowByItself(state)
            && await _readiness.LookAsync(state, cancellationToken) is { IsReady: true } ready)
            return ready;

        // Up in name only: to start it would change nothing.
        if (state is { IsActive: true, SubState: "exited" })
            await systemd.StopUnitAsync(configuration.Unit, cancellationToken);
        return await StartUnitAsync(cancellationToken);
    }

    private async Task<Outcome> StartUnitAsync(CancellationToken cancellationToken)
    {
        using var early = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<string> job = StartJobAsync(cancellationToken);
        Task<Outcome?> look = _readiness.LookEarlyAsync(job, early.Token);
        try
        {
            string result = await job;
            if (result == JobResult.Done && await look is { } ready)
                return ready;
            return result is JobResult.Done or JobResult.Failed
                ? await _readiness.WaitAsync(cancellationToken)
                : new Outcome(false, UnitFailure.DescribeJob(result, unit.State), unit.State, HasLog: false);
        }
        finally
        {
            await early.CancelAsync();
            await ((Task)look).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <remarks>
    /// Locks that were refused start a unit as often as they stop it. systemd counts that as if it had crashed so often;
    /// what systemd starts by itself is still limited.
    /// </remarks>
    private async Task<string> StartJobAsync(CancellationToken cancellationToken)
    {
        string result = await systemd.StartUnitAsync(configuration.Unit, cancellationToken);
        if (result != JobResult.Failed
            || (await systemd.GetUnitAsync(configuration.Unit, cancellationToken)).Result != "start-limit-hit")
            return result;
        await systemd.ResetFailedUnitAsync(configuration.Unit, cancellationToken);
        return await systemd.StartUnitAsync(configuration.Unit, cancellationToken);
    }

    /// <summary>Whether the lack of processes speaks for itself, since no probe speaks for the service.</summary>
    private bool IsHollowByItself(UnitState state) => configuration.Ready is null && UnitFailure.IsHollow(state);

    /// <summary>Turns the end of the time, and systemd's refusals, into outcomes.</summary>
    private async Task<Outcome> WithinAsync(
        TimeSpan limit, Func<CancellationToken, Task<Outcome>> attempt, CancellationToken cancellationToken)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(limit);
        try
        {
            return await attempt(source.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            UnitState state = unit.State;
            string reason = state.IsActive && _readiness.Reason.Length > 0
                ? _readiness.Reason
                : $"the unit is {state.ActiveState} ({state.SubState})";
            return new Outcome(false, $"not ready within {limit.TotalSeconds:0.##} s: {reason}", state);
        }
        catch (SystemdException exception)
        {
            return new Outcome(false, exception.Message, unit.State, HasLog: false);
        }
    }
}
