using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>One service on the volume: starts, stops and follows its unit, one of these at a time.</summary>
/// <remarks>Start, stop and block come from one caller, one after the other; following pauses meanwhile.</remarks>
internal sealed class VolumeService : IDisposable
{
    // How long a daemon that just started waits for the first word of a service's probe.
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(2);

    private readonly ServiceConfiguration _configuration;
    private readonly ServiceSurroundings _surroundings;
    private readonly Action<ServiceStatus> _changed;
    private readonly FollowedUnit _unit;
    private readonly ServiceStart _start;

    private IDisposable? _watch;
    private CancellationTokenSource _following = new();
    private Task _follower = Task.CompletedTask;

    // What the status was made of; null if it must be made anew.
    private UnitState? _judged;

    internal VolumeService(
        ServiceConfiguration configuration, ServiceSurroundings surroundings, Action<ServiceStatus> changed)
    {
        _configuration = configuration;
        _surroundings = surroundings;
        _changed = changed;
        _unit = new FollowedUnit(configuration.Unit);
        _start = new ServiceStart(
            _unit, configuration, surroundings.Systemd, reason => Publish(ServiceState.Starting, reason));
        Status = new ServiceStatus(configuration.Name, configuration.Unit, ServiceState.Stopped, "", null, []);
    }

    internal ServiceStatus Status { get; private set; }

    /// <summary>Finds out how the service does and follows it from here.</summary>
    internal async Task ObserveAsync(CancellationToken cancellationToken)
    {
        await PauseFollowingAsync();
        await WatchAsync(cancellationToken);
        var reflected = new TaskCompletionSource();
        Follow(reflected);
        await Task.WhenAny(reflected.Task, Task.Delay(FirstLook, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Starts the unit and waits until it is ready.</summary>
    /// <returns>Whether it is.</returns>
    internal Task<bool> StartAsync(CancellationToken cancellationToken) => AloneAsync(async () =>
    {
        long begin = Stopwatch.GetTimestamp();
        Publish(ServiceState.Starting, "");
        Outcome outcome = await _start.RunAsync(WatchAsync, cancellationToken);
        await ReportAsync(outcome, Stopwatch.GetElapsedTime(begin).TotalSeconds, cancellationToken);
        return outcome.IsReady;
    });

    /// <summary>Stops the unit and looks whether it left processes behind.</summary>
    /// <returns>Null if it is down; otherwise what is left of it, also when the waiting was ended.</returns>
    internal Task<RunningService?> StopAsync(CancellationToken cancellationToken) => AloneAsync(async () =>
    {
        Publish(ServiceState.Stopping, "");
        var stop = new ServiceStop(
            _configuration, _surroundings, reason => Publish(ServiceState.Stopping, reason));
        RunningService? left = await stop.RunAsync(cancellationToken);
        if (left is null)
            Judge(_unit.State, ServiceState.Stopped, "");
        return left;
    });

    /// <summary>Leaves the service down because one that it depends on is.</summary>
    internal Task<bool> BlockAsync(string reason) => AloneAsync(() =>
    {
        Judge(_unit.State, ServiceState.Failed, reason);
        return Task.FromResult(false);
    });

    /// <summary>Says what the service waits for before anything is done with it.</summary>
    internal void Await(string reason) => Publish(Status.State, reason);

    /// <inheritdoc/>
    public void Dispose()
    {
        _following.Cancel();
        _watch?.Dispose();
    }

    /// <summary>Does something with the unit while nobody follows it.</summary>
    private async Task<T> AloneAsync<T>(Func<Task<T>> operation)
    {
        await PauseFollowingAsync();
        _judged = null;
        try
        {
            return await operation();
        }
        finally
        {
            Follow(null);
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken) =>
        _watch ??= await _surroundings.Systemd.WatchUnitAsync(_configuration.Unit, _unit.Take, cancellationToken);

    private async Task PauseFollowingAsync()
    {
        await _following.CancelAsync();
        await _follower;
    }

    private void Follow(TaskCompletionSource? reflected)
    {
        _following.Dispose();
        _following = new CancellationTokenSource();
        _follower = _watch is null ? Task.CompletedTask : FollowAsync(reflected, _following.Token);
    }

    /// <summary>Keeps the status in step with the unit; asleep as long as the unit does not change.</summary>
    private async Task FollowAsync(TaskCompletionSource? reflected, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                UnitState state = _unit.State;
                if (_judged is null || IsNews(_judged, state))
                    await ReflectAsync(state, cancellationToken);
                reflected?.TrySetResult();
                await _unit.WaitForChangeAsync(state, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Paused or disposed.
        }
    }

    private async Task ReflectAsync(UnitState unit, CancellationToken cancellationToken)
    {
        if (unit.IsActive && Status.State == ServiceState.Ready && !UnitFailure.IsHollow(unit))
            _judged = unit;
        else if (unit.IsActive)
            await ReportAsync(await _start.AwaitReadinessAsync(TimeLeft(unit), cancellationToken), null, cancellationToken);
        else if (unit.IsFailed)
            await ReportAsync(new Outcome(false, UnitFailure.Describe(unit), unit), null, cancellationToken);
        else if (unit.ActiveState == "activating")
            Judge(unit, ServiceState.Starting, ReadinessWait.DescribeChange(unit));
        else if (unit.ActiveState == "deactivating")
            Judge(unit, ServiceState.Stopping, ReadinessWait.DescribeChange(unit));
        else
            Judge(unit, ServiceState.Stopped, _judged is null ? "" : "stopped, but not by unlockd");
    }

    /// <summary>What is left of the service's time, counted from when its unit came up.</summary>
    private TimeSpan TimeLeft(UnitState unit)
    {
        // Both count CLOCK_MONOTONIC.
        TimeSpan left = unit.ActiveSince + _configuration.Timeout - Stopwatch.GetElapsedTime(0);
        return left < FirstLook ? FirstLook : left;
    }

    private async Task ReportAsync(Outcome outcome, double? seconds, CancellationToken cancellationToken)
    {
        if (outcome.IsReady)
            Publish(ServiceState.Ready, outcome.Detail, seconds);
        else
            Publish(ServiceState.Failed, outcome.Detail, null, await ReadLogAsync(outcome, cancellationToken));
        _judged = outcome.Unit;
    }

    private async Task<IReadOnlyList<string>> ReadLogAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        try
        {
            return outcome.HasLog ? await _surroundings.Log(outcome.Unit, cancellationToken) : [];
        }
        catch (LinuxException)
        {
            // The failure is worth telling without its log.
            return [];
        }
    }

    private void Judge(UnitState unit, ServiceState state, string detail)
    {
        _judged = unit;
        Publish(state, detail);
    }

    private void Publish(
        ServiceState state, string detail, double? seconds = null, IReadOnlyList<string>? logLines = null)
    {
        ServiceStatus known = Status;
        if (known.State == state && known.Detail == detail && seconds is null && logLines is null)
            return;
        Status = new ServiceStatus(known.Name, known.Unit, state, detail, seconds, logLines ?? []);
        _changed(Status);
    }

    private static bool IsNews(UnitState known, UnitState state) =>
        (known.ActiveState, known.SubState, known.InvocationId)
        != (state.ActiveState, state.SubState, state.InvocationId);
}
