using System.Diagnostics;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>One service on the volume: starts, stops and follows its unit, one of these at a time.</summary>
internal sealed class VolumeService : IDisposable
{
    private readonly ServiceConfiguration _configuration;
    private readonly ServiceSurroundings _surroundings;
    private readonly FollowedUnit _unit;
    private readonly ServiceRecord _record;
    private readonly ServiceStart _start;
    private readonly ServiceFollower _follower;
    private readonly SemaphoreSlim _turn = new(1, 1);

    private IDisposable? _watch;
    private CancellationTokenSource _pause = new();
    private Task _following = Task.CompletedTask;

    internal VolumeService(
        ServiceConfiguration configuration, ServiceSurroundings surroundings, Action<ServiceStatus> changed)
    {
        _configuration = configuration;
        _surroundings = surroundings;
        _unit = new FollowedUnit(configuration.Unit);
        _record = new ServiceRecord(configuration, surroundings.Log, changed);
        _start = new ServiceStart(
            _unit, configuration, surroundings.Systemd, reason => _record.Publish(ServiceState.Starting, reason));
        _follower = new ServiceFollower(configuration, _unit, _start, _record);
    }

    internal ServiceStatus Status => _record.Status;

    /// <summary>Whether its unit is up or on its way, whether or not the service is ready.</summary>
    internal bool IsUp => _unit.State is { IsActive: true } or { IsChanging: true };

    /// <summary>Finds out how the service does and follows it from here.</summary>
    internal async Task ObserveAsync(CancellationToken cancellationToken)
    {
        var reflected = new TaskCompletionSource();
        if (!await AloneAsync(() => TryWatchAsync(cancellationToken), reflected, cancellationToken))
            return;
        await Task.WhenAny(reflected.Task, Task.Delay(ServiceFollower.FirstLook, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Starts the unit and waits until it is ready.</summary>
    /// <returns>Whether it is.</returns>
    internal Task<bool> StartAsync(CancellationToken cancellationToken) => AloneAsync(
        async () =>
        {
            long begin = Stopwatch.GetTimestamp();
            _record.Publish(ServiceState.Starting, "");
            Outcome outcome = await _start.RunAsync(WatchAsync, cancellationToken);
            double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            await _record.ReportAsync(outcome, seconds, cancellationToken);
            return outcome.IsReady;
        },
        null,
        cancellationToken);

    /// <summary>Stops the unit and looks whether it left processes behind.</summary>
    /// <returns>Null if it is down; otherwise what is left of it, also when the waiting was ended.</returns>
    internal Task<RunningService?> StopAsync(CancellationToken cancellationToken) =>
        TakeDownAsync(stop => stop.RunAsync(cancellationToken));

    /// <summary>Kills the unit's processes.</summary>
    /// <returns>As of <see cref="StopAsync"/>.</returns>
    internal async Task<RunningService?> KillAsync(CancellationToken cancellationToken)
    {
        // Whoever has the turn may wait for just what is killed.
        await NewStop().KillAsync(cancellationToken);
        return await TakeDownAsync(stop => stop.KillAsync(cancellationToken));
    }

    /// <summary>Looks whether anything of the service runs.</summary>
    internal Task<RunningService?> FindRemainsAsync(CancellationToken cancellationToken) =>
        NewStop().FindRemainsAsync(cancellationToken);

    /// <summary>Lists the processes in its control group.</summary>
    internal async Task<IReadOnlyList<int>> FindProcessesAsync(CancellationToken cancellationToken)
    {
        UnitState unit = await _surroundings.Systemd.GetUnitAsync(_configuration.Unit, cancellationToken);
        string group = unit.LastControlGroup;
        return group.Length == 0 ? [] : new ControlGroup(group, _surroundings.ControlGroups).ReadProcesses();
    }

    /// <summary>Leaves the service down because one that it depends on is.</summary>
    internal Task<bool> BlockAsync(string reason) => AloneAsync(
        () =>
        {
            _record.Judge(_unit.State, ServiceState.Failed, reason);
            return Task.FromResult(false);
        },
        null,
        CancellationToken.None);

    /// <summary>Says what the service waits for before anything is done with it.</summary>
    internal void Await(string reason) => _record.Publish(Status.State, reason);

    /// <inheritdoc/>
    public void Dispose()
    {
        _pause.Cancel();
        _watch?.Dispose();
    }

    /// <summary>Does something with the unit while nobody else does, nor follows it.</summary>
    private async Task<T> AloneAsync<T>(
        Func<Task<T>> operation, TaskCompletionSource? reflected, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await _pause.CancelAsync();
            await _following;
            _record.Forget();
            return await operation();
        }
        finally
        {
            _pause.Dispose();
            _pause = new CancellationTokenSource();
            if (_watch is not null)
                _following = _follower.RunAsync(reflected, _pause.Token);
            _turn.Release();
        }
    }

    private Task<RunningService?> TakeDownAsync(Func<ServiceStop, Task<RunningService?>> takeDown) => AloneAsync(
        async () =>
        {
            _record.Publish(ServiceState.Stopping, "");
            RunningService? left = await takeDown(NewStop());
            UnitState state = _unit.State;
            if (left is null)
                _record.Judge(state, ServiceState.Stopped, "");
            else if (!state.IsActive && !state.IsChanging)
                _record.Judge(state, ServiceState.Failed, left.Remains);
            return left;
        },
        null,
        CancellationToken.None);

    private ServiceStop NewStop() =>
        new(_configuration, _unit, _surroundings, reason => _record.Publish(ServiceState.Stopping, reason));

    private async Task<bool> TryWatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WatchAsync(cancellationToken);
            return true;
        }
        catch (SystemdException exception)
        {
            _record.Judge(_unit.State, ServiceState.Failed, exception.Message);
            return false;
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken) =>
        _watch ??= await _surroundings.Systemd.WatchUnitAsync(_configuration.Unit, _unit.Take, cancellationToken);
}
