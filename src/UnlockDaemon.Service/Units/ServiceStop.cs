using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>Takes one service down: the unit's stop job, then a look at what it left in its control group.</summary>
/// <remarks>
/// A wrapped SysV script has KillMode=process: systemd calls it stopped when its stop command is through, whatever
/// still runs.
/// </remarks>
internal sealed class ServiceStop(
    ServiceConfiguration configuration, ServiceSurroundings surroundings, Action<string> waiting)
{
    private ControlGroup? _group;

    /// <summary>Stops the unit.</summary>
    /// <returns>Null if it is down and its control group empty; otherwise what is left, and why.</returns>
    internal async Task<RunningService?> RunAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(configuration.Timeout);
        try
        {
            string? reason = await TakeDownAsync(limit.Token);
            return reason is null ? null : Left(reason);
        }
        catch (OperationCanceledException)
        {
            return Left(cancellationToken.IsCancellationRequested
                ? "did not stop before the deadline"
                : $"did not stop within {configuration.Timeout.TotalSeconds:0.##} s");
        }
        catch (SystemdException exception)
        {
            return Left($"did not stop ({exception.Message})");
        }
    }

    /// <summary>Looks, without doing anything, whether it is down and its control group empty.</summary>
    /// <returns>Null if so; otherwise what is left, also when systemd does not say.</returns>
    internal async Task<RunningService?> FindRemainsAsync(CancellationToken cancellationToken)
    {
        try
        {
            UnitState unit = await surroundings.Systemd.GetUnitAsync(configuration.Unit, cancellationToken);
            if (unit.ActiveState is not ("inactive" or "failed"))
                return Left($"is {unit.ActiveState}");
            Remember(unit.ControlGroup);
            return _group is { IsEmpty: false } ? Left("is stopped, but left processes") : null;
        }
        catch (SystemdException exception)
        {
            return Left($"cannot be judged ({exception.Message})");
        }
    }

    private async Task<string?> TakeDownAsync(CancellationToken cancellationToken)
    {
        Remember(await surroundings.Systemd.GetControlGroupAsync(configuration.Unit, cancellationToken));
        string result = await StopUnitAsync(cancellationToken);
        if (result != JobResult.Done)
            return $"did not stop (systemd ended the job with \"{result}\")";
        if (_group is { IsEmpty: false })
        {
            waiting($"systemd has stopped it; waits for processes it left: {Join(_group.ReadProcesses())}");
            await _group.WaitUntilEmptyAsync(cancellationToken);
        }

        return null;
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

    private void Remember(string controlGroup)
    {
        if (controlGroup.Length > 0)
            _group = new ControlGroup(controlGroup, surroundings.ControlGroups);
    }

    private RunningService Left(string reason) =>
        new(configuration.Name, configuration.Unit, reason, _group?.ReadProcesses() ?? []);

    private static string Join(IEnumerable<int> processes) => string.Join(", ", processes);
}
