using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>A service's status, and the state of its unit that the status was made of.</summary>
/// <param name="configuration">The service.</param>
/// <param name="log">Reads log lines for a failure.</param>
/// <param name="changed">Told of every new status.</param>
internal sealed class ServiceRecord(
    ServiceConfiguration configuration, UnitLog log, Action<ServiceStatus> changed)
{
    internal ServiceStatus Status { get; private set; } =
        new(configuration.Name, configuration.Unit, ServiceState.Stopped, "", null, []);

    /// <summary>What the status was made of; null if it must be made anew.</summary>
    internal UnitState? Judged { get; private set; }

    internal bool IsReady => Status.State == ServiceState.Ready;

    internal bool IsDown => Status.State is ServiceState.Stopped or ServiceState.Failed;

    /// <summary>Has the status made anew.</summary>
    internal void Forget() => Judged = null;

    /// <summary>Whether a state of the unit can change the status.</summary>
    internal bool IsNews(UnitState unit) =>
        Judged is not { } known
        || known.ActiveState != unit.ActiveState
        || known.SubState != unit.SubState
        || known.InvocationId != unit.InvocationId
        || known.IsChanging != unit.IsChanging;

    /// <summary>Whether the status already tells of this end of the unit's run.</summary>
    internal bool TellsOf(UnitState unit) =>
        IsDown && Judged?.ActiveState == unit.ActiveState && Judged.InvocationId == unit.InvocationId;

    /// <summary>Takes a state of the unit that leaves the status as it is.</summary>
    internal void Accept(UnitState unit) => Judged = unit;

    /// <summary>Makes the status of a state of the unit.</summary>
    internal void Judge(UnitState unit, ServiceState state, string detail)
    {
        Judged = unit;
        Publish(state, detail);
    }

    /// <summary>Makes the status of an outcome; of a failure, with its log lines.</summary>
    internal async Task ReportAsync(Outcome outcome, double? seconds, CancellationToken cancellationToken)
    {
        if (outcome.IsReady)
            Publish(ServiceState.Ready, outcome.Detail, seconds);
        else
            Publish(ServiceState.Failed, outcome.Detail, null, await ReadLogAsync(outcome, cancellationToken));
        Judged = outcome.Unit;
    }

    /// <summary>Changes the status on the way.</summary>
    internal void Publish(
        ServiceState state, string detail, double? seconds = null, IReadOnlyList<string>? logLines = null)
    {
        ServiceStatus known = Status;
        if (known.State == state && known.Detail == detail && seconds is null && logLines is null)
            return;
        Status = new ServiceStatus(known.Name, known.Unit, state, detail, seconds, logLines ?? []);
        changed(Status);
    }

    private async Task<IReadOnlyList<string>> ReadLogAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        try
        {
            return outcome.HasLog ? await log(outcome.Unit, cancellationToken) : [];
        }
        catch (LinuxException)
        {
            // The failure is worth telling without its log.
            return [];
        }
    }
}
