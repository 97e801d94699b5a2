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
            string limitWords = cancellationToken.IsCancellationRequested
                ? "when the waiting was ended"
                : $"after {configuration.Timeout.TotalSeconds:0} s";
            return Left($"had not stopped {limitWords}");
        }
        catch (SystemdException exception)
        {
            return Left(exception.Message);
        }
    }

    private async Task<string?> TakeDownAsync(CancellationToken cancellationToken)
    {
        string name = configuration.Unit;
        UnitState unit = await surroundings.Systemd.GetUnitAsync(name, cancellationToken);
        if (unit.ControlGroup.Length > 0)
            _group = new ControlGroup(unit.ControlGroup, surroundings.ControlGroups);

        // A unit without a file that is not up has nothing to stop; systemd would refuse.
        if (unit.IsLoaded || unit.IsActiveOrActivating)
        {
            string result = await surroundings.Systemd.StopUnitAsync(name, cancellationToken);
            if (result != JobResult.Done)
                return $"systemd ended its stop with \"{result}\"";
        }

        if (_group is { IsEmpty: false })
        {
            waiting($"systemd has stopped it; waits for processes it left: {Join(_group.ReadProcesses())}");
            await _group.WaitUntilEmptyAsync(cancellationToken);
        }

        return null;
    }

    private RunningService Left(string reason) =>
        new(configuration.Name, configuration.Unit, reason, _group?.ReadProcesses() ?? []);

    private static string Join(IEnumerable<int> processes) => string.Join(", ", processes);
}
