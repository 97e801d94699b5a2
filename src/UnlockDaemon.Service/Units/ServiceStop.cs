using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>Takes one service down: the unit's stop job, then a look at what it left in its control group.</summary>
/// <remarks>
/// A wrapped SysV script has KillMode=process: systemd calls it stopped when its stop command is through, whatever
/// still runs, such as a wrapper that starts its child again. What is left is the service's own: it gets time to end,
/// is asked to, and is killed in the end, as systemd would do with another KillMode.
/// </remarks>
internal sealed class ServiceStop(
    ServiceConfiguration configuration, FollowedUnit unit, ServiceSurroundings surroundings, Action<string> waiting)
{
    // A start that takes longer may as well hang, and be what the lock is for.
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(15);

    // As long as a process that was told to end may take; from a billing core come its last records.
    private static readonly TimeSpan s_unasked = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_asked = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_nextKill = TimeSpan.FromMilliseconds(200);

    private ControlGroup? _group;

    /// <summary>Stops the unit.</summary>
    /// <returns>Null if it is down and its control group empty; otherwise what is left, and why.</returns>
    internal async Task<RunningService?> RunAsync(CancellationToken cancellationToken)
    {
        await AwaitStartAsync(cancellationToken);
        try
        {
            string? reason = await TakeDownAsync(cancellationToken);
            return reason is null ? null : Left(reason);
        }
        catch (OperationCanceledException)
        {
            return Left("did not stop before the deadline");
        }
        catch (SystemdException exception)
        {
            return Left($"did not stop ({exception.Message})");
        }
    }

    /// <summary>Has the unit stopped without giving its processes any time.</summary>
    internal async Task<RunningService?> KillAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RememberAsync(cancellationToken);
            Task<string> stop = StopUnitAsync(cancellationToken);
            // The unit's stop command runs in the same group, and may wait for what is dead: it is killed in its turn.
            do
            {
                _group?.Kill();
            }
            while (await Task.WhenAny(stop, Task.Delay(s_nextKill, cancellationToken)) != stop);
            await stop;
        }
        catch (Exception exception) when (exception is OperationCanceledException or SystemdException)
        {
            return Left($"was killed, but did not stop ({exception.Message})");
        }

        return _group is { IsEmpty: false } ? Left("was killed, but left processes") : null;
    }

    /// <summary>Looks, without doing anything, whether it is down and its control group empty.</summary>
    /// <returns>Null if so; otherwise what is left, also when systemd does not say.</returns>
    internal async Task<RunningService?> FindRemainsAsync(CancellationToken cancellationToken)
    {
        try
        {
            UnitState state = await surroundings.Systemd.GetUnitAsync(configuration.Unit, cancellationToken);
            if (state.ActiveState is not ("inactive" or "failed"))
                return Left($"is {state.ActiveState}");
            Remember(state);
            return _group is { IsEmpty: false } ? Left("is stopped, but left processes") : null;
        }
        catch (SystemdException exception)
        {
            return Left($"cannot be judged ({exception.Message})");
        }
    }

    /// <summary>
    /// Lets a start come to its end. A server that is told to end in the middle of it may do neither: MariaDB 10.11
    /// then hangs until it is killed.
    /// </summary>
    private async Task AwaitStartAsync(CancellationToken cancellationToken)
    {
        if (!IsStarting(unit.State))
            return;
        waiting("waits for its start to end");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_start);
        await ((Task)unit.WaitUntilAsync(static state => !IsStarting(state), limit.Token))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static bool IsStarting(UnitState unit) =>
        unit is { ActiveState: "activating", SubState: not "auto-restart" };

    private async Task<string?> TakeDownAsync(CancellationToken cancellationToken)
    {
        await RememberAsync(cancellationToken);
        string result = await StopUnitAsync(cancellationToken);
        if (result != JobResult.Done)
            return $"did not stop (systemd ended the job with \"{result}\")";
        if (_group is { IsEmpty: false } group)
            await ClearAsync(group, cancellationToken);
        return null;
    }

    private async Task ClearAsync(ControlGroup group, CancellationToken cancellationToken)
    {
        waiting($"systemd has stopped it; waits for processes it left: {Join(group.ReadProcesses())}");
        if (await IsEmptyWithinAsync(group, s_unasked, cancellationToken))
            return;
        waiting($"asks processes it left to end: {Join(group.ReadProcesses())}");
        group.Terminate();
        if (await IsEmptyWithinAsync(group, s_asked, cancellationToken))
            return;
        waiting($"kills processes it left: {Join(group.ReadProcesses())}");
        group.Kill();
        await group.WaitUntilEmptyAsync(cancellationToken);
    }

    private static async Task<bool> IsEmptyWithinAsync(
        ControlGroup group, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(limit);
        try
        {
            await group.WaitUntilEmptyAsync(source.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<string> StopUnitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await surroundings.Systemd.StopUnitAsync(configuration.Unit, cancellationToken);
        }
        catch (SystemdException exception) when (exception.IsNoSuchUnit)
        {
            // Without a unit file and not up: there is nothing to stop.
            return JobResult.Done;
        }
    }

    private async Task RememberAsync(CancellationToken cancellationToken) =>
        Remember(await surroundings.Systemd.GetUnitAsync(configuration.Unit, cancellationToken));

    private void Remember(UnitState state)
    {
        if (state.LastControlGroup is { Length: > 0 } path)
            _group = new ControlGroup(path, surroundings.ControlGroups);
    }

    private RunningService Left(string reason) =>
        new(configuration.Name, configuration.Unit, reason, _group?.ReadProcesses() ?? []);

    private static string Join(IEnumerable<int> processes) => string.Join(", ", processes);
}
