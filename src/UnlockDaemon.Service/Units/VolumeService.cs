using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>One service on the volume: starts, stops and follows its unit, one of these at a time.</summary>
internal sealed class VolumeService : IDisposable
{
    // How long a daemon that just started waits for the first word of a service's probe.
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(2);

    private readonly ServiceConfiguration _configuration;
    private readonly ServiceSurroundings _surroundings;
    private readonly Action<ServiceStatus> _changed;
    private readonly FollowedUnit _unit;
    private readonly ServiceStart _start;
    private readonly SemaphoreSlim _turn = new(1, 1);

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

    private bool IsDown => Status.State is ServiceState.Stopped or ServiceState.Failed;

    /// <summary>Finds out how the service does and follows it from here.</summary>
    internal async Task ObserveAsync(CancellationToken cancellationToken)
    {
        var reflected = new TaskCompletionSource();
        await AloneAsync(() => BeginAsync(cancellationToken), reflected, cancellationToken);
        await Task.WhenAny(reflected.Task, Task.Delay(FirstLook, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Starts the unit and waits until it is ready.</summary>
    /// <returns>Whether it is.</returns>
    internal Task<bool> StartAsync(CancellationToken cancellationToken) => AloneAsync(
        async () =>
        {
            long begin = Stopwatch.GetTimestamp();
            Publish(ServiceState.Starting, "");
            Outcome outcome = await _start.RunAsync(WatchAsync, cancellationToken);
            await ReportAsync(outcome, Stopwatch.GetElapsedTime(begin).TotalSeconds, cancellationToken);
            return outcome.IsReady;
        },
        null,
        cancellationToken);

    /// <summary>Stops the unit and looks whether it left processes behind.</summary>
    /// <returns>Null if it is down; otherwise what is left of it, also when the waiting was ended.</returns>
    internal Task<RunningService?> StopAsync(CancellationToken cancellationToken) => AloneAsync(
        async () =>
        {
            Publish(ServiceState.Stopping, "");
            RunningService? left = await NewStop().RunAsync(cancellationToken);
            if (left is null)
                Judge(_unit.State, ServiceState.Stopped, "");
            return left;
        },
        null,
        CancellationToken.None);

    /// <summary>Looks whether anything of the service runs.</summary>
    internal Task<RunningService?> FindRemainsAsync(CancellationToken cancellationToken) =>
        NewStop().FindRemainsAsync(cancellationToken);

    /// <summary>Leaves the service down because one that it depends on is.</summary>
    internal Task<bool> BlockAsync(string reason) => AloneAsync(
        () =>
        {
            Judge(_unit.State, ServiceState.Failed, reason);
            return Task.FromResult(false);
        },
        null,
        CancellationToken.None);

    /// <summary>Says what the service waits for before anything is done with it.</summary>
    internal void Await(string reason) => Publish(Status.State, reason);

    /// <inheritdoc/>
    public void Dispose()
    {
        _following.Cancel();
        _watch?.Dispose();
    }

    /// <summary>Does something with the unit while nobody else does, nor follows it.</summary>
    private async Task<T> AloneAsync<T>(
        Func<Task<T>> operation, TaskCompletionSource? reflected, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await _following.CancelAsync();
            await _follower;
            _judged = null;
            return await operation();
        }
        finally
        {
            Follow(reflected);
            _turn.Release();
        }
    }

    private ServiceStop NewStop() =>
        new(_configuration, _surroundings, reason => Publish(ServiceState.Stopping, reason));

    private async Task<bool> BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WatchAsync(cancellationToken);
            return true;
        }
        catch (SystemdException exception)
        {
            Judge(_unit.State, ServiceState.Failed, exception.Message);
            return false;
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken) =>
        _watch ??= await _surroundings.Systemd.WatchUnitAsync(_configuration.Unit, _unit.Take, cancellationToken);

    private void Follow(TaskCompletionSource? reflected)
    {
        _following.Dispose();
        _following = new CancellationTokenSource();
        _follower = FollowAsync(reflected, _following.Token);
    }

    /// <summary>Keeps the status in step with the unit; asleep as long as the unit does not change.</summary>
    private async Task FollowAsync(TaskCompletionSource? reflected, CancellationToken cancellationToken)
    {
        try
        {
            while (_watch is not null)
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
        finally
        {
            reflected?.TrySetResult();
        }
    }

    private async Task ReflectAsync(UnitState unit, CancellationToken cancellationToken)
    {
        bool wasReady = Status.State == ServiceState.Ready;
        if (unit.IsActive && wasReady && !UnitFailure.IsHollow(unit))
            _judged = unit;
        else if (unit.IsActive && wasReady && _configuration.Ready is null)
            await ReportAsync(new Outcome(false, UnitFailure.Hollow, unit), null, cancellationToken);
        else if (unit.IsActive)
            await ReportAsync(await _start.AwaitReadinessAsync(TimeLeft(unit), cancellationToken), null, cancellationToken);
        else if (unit.IsChanging)
            Judge(unit, unit.ActiveState == "deactivating" ? ServiceState.Stopping : ServiceState.Starting,
                ReadinessWait.DescribeChange(unit));
        else if (IsDown && _judged?.ActiveState == unit.ActiveState && _judged.InvocationId == unit.InvocationId)
            _judged = unit;
        else if (unit.IsFailed)
            await ReflectFailureAsync(unit, cancellationToken);
        else if (_judged is null || !IsDown)
            Judge(unit, ServiceState.Stopped, _judged is null ? "" : "stopped, but not by unlockd");
        else
            _judged = unit;
    }

    private async Task ReflectFailureAsync(UnitState unit, CancellationToken cancellationToken)
    {
        if (await _start.ConfirmDownAsync(unit, cancellationToken) is { } outcome)
            await ReportAsync(outcome, null, cancellationToken);
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
        (known.ActiveState, known.SubState, known.InvocationId) != (state.ActiveState, state.SubState, state.InvocationId)
        || state.IsChanging != known.IsChanging;
}
