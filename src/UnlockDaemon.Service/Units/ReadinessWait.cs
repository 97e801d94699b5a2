using System.Diagnostics;
using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.Service.Units;

/// <summary>Waits until a unit that is up also does its work, or is down again.</summary>
/// <param name="unit">The unit, followed.</param>
/// <param name="probe">What finds out; without one, systemd's word counts.</param>
/// <param name="systemd">Asked whether a unit that looks down really is.</param>
/// <param name="waiting">Told what is waited for.</param>
/// <param name="longestPause">Between two looks.</param>
internal sealed class ReadinessWait(
    FollowedUnit unit, ReadinessProbe? probe, ISystemd systemd, Action<string> waiting, TimeSpan longestPause)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    // The pause is a twentieth of the time waited so far: a service is then seen ready at most 5 % too late.
    private const int PausesInTime = 20;

    /// <summary>Why the last look found it not ready; empty if there was none.</summary>
    internal string Reason { get; private set; } = "";

    /// <summary>Waits.</summary>
    internal async Task<Outcome> WaitAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            UnitState state = unit.State;
            if (state.IsActive)
            {
                long look = Stopwatch.GetTimestamp();
                if (await LookAsync(state, cancellationToken) is { } seen)
                    return seen;
                waiting(Reason);
                TimeSpan pause = PauseAfter(
                    Stopwatch.GetElapsedTime(start), Stopwatch.GetElapsedTime(look), longestPause);
                await PauseAsync(pause, cancellationToken);
            }
            else if (state.IsChanging)
            {
                waiting(DescribeChange(state));
                await unit.WaitForChangeAsync(state, cancellationToken);
            }
            else if (await ConfirmDownAsync(state, cancellationToken) is { } outcome)
            {
                return outcome;
            }
        }
    }

    /// <summary>
    /// Asks again about a unit that looks down. systemd 252 lets a unit be "failed" for a moment before it restarts it,
    /// and tells of that moment when a start job ends with it (service_enter_dead in core/service.c).
    /// </summary>
    /// <returns>
    /// How it failed, or that it has run to its end as it should; null if it is not down, and news of that are on their
    /// way.
    /// </returns>
    internal async Task<Outcome?> ConfirmDownAsync(UnitState state, CancellationToken cancellationToken)
    {
        UnitState now = await systemd.GetUnitAsync(state.Id, cancellationToken);
        if (UnitFailure.HasRun(now) && !now.IsChanging)
            return await JudgeRunAsync(now, cancellationToken);
        if (!now.IsActive && !now.IsChanging)
            return new Outcome(false, UnitFailure.Describe(now), state);
        await unit.WaitForChangeAsync(state, cancellationToken);
        return null;
    }

    /// <summary>
    /// Looks once while a start job still runs what comes after the service's own start (ExecStartPost=): that time is
    /// then not lost. The look counts only if the unit is up in the end.
    /// </summary>
    internal async Task<Outcome?> LookEarlyAsync(Task job, CancellationToken cancellationToken)
    {
        if (probe is null)
            return null;
        Task started = unit.WaitUntilAsync(static state => state.SubState == "start-post", cancellationToken);
        if (await Task.WhenAny(started, job) == job)
            return null;
        ProbeResult result = await probe.TryAsync(cancellationToken);
        await job.WaitAsync(cancellationToken);
        UnitState state = unit.State;
        return result.IsReady && state.IsActive ? new Outcome(true, result.Detail, state) : null;
    }

    /// <summary>Looks once at a unit that is up: gives an outcome if there is one already.</summary>
    internal async Task<Outcome?> LookAsync(UnitState state, CancellationToken cancellationToken)
    {
        if (probe is null)
            return new Outcome(true, "", state);
        if (await TryProbeAsync(probe, cancellationToken) is not { } result)
            return null;
        if (result.IsReady)
            return new Outcome(true, result.Detail, state);
        Reason = result.Detail;
        return UnitFailure.IsHollow(state)
            ? new Outcome(false, $"{UnitFailure.Hollow} ({result.Detail})", state)
            : null;
    }

    /// <summary>How long to wait before the next look; a look that takes long is not made all the time.</summary>
    internal static TimeSpan PauseAfter(TimeSpan waited, TimeSpan look, TimeSpan longest)
    {
        TimeSpan pause = waited / PausesInTime;
        pause = pause < look ? look : pause;
        pause = pause < ShortestPause ? ShortestPause : pause;
        return pause > longest ? longest : pause;
    }

    /// <summary>Runs the probe until it has a result or the unit is no longer up: then null.</summary>
    private async Task<ProbeResult?> TryProbeAsync(ReadinessProbe inUse, CancellationToken cancellationToken)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<ProbeResult> look = inUse.TryAsync(attempt.Token);
        Task down = unit.WaitUntilAsync(static state => !state.IsActive, attempt.Token);
        Task first = await Task.WhenAny(look, down);
        await attempt.CancelAsync();
        if (first == look)
            return await look;
        await ((Task)look).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return null;
    }

    /// <summary>A unit that has run to its end is as ready as it ever is: it is looked at once.</summary>
    private async Task<Outcome> JudgeRunAsync(UnitState state, CancellationToken cancellationToken)
    {
        ProbeResult result = probe is null ? ProbeResult.Ready() : await probe.TryAsync(cancellationToken);
        return new Outcome(result.IsReady, result.Detail, state);
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task down = unit.WaitUntilAsync(static state => !state.IsActive, end.Token);
        await Task.WhenAny(Task.Delay(pause, end.Token), down);
        await end.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    internal static string DescribeChange(UnitState state) => state switch
    {
        { ActiveState: "inactive" or "failed" } => "systemd is about to start it",
        { SubState: "auto-restart" } => $"{UnitFailure.Describe(state)}; systemd starts it again",
        { ActiveState: "deactivating" } => $"is going down ({state.SubState})",
        _ => $"systemd is starting it ({state.SubState})",
    };
}

/// <summary>How an attempt to get a service ready ended.</summary>
/// <param name="IsReady">Whether it is ready.</param>
/// <param name="Detail">What is known of it, or why it is not ready.</param>
/// <param name="Unit">The state of the unit that this was judged by; what comes after it is news.</param>
/// <param name="HasLog">Whether this run can have left log lines that explain it.</param>
internal readonly record struct Outcome(bool IsReady, string Detail, UnitState Unit, bool HasLog = true);
