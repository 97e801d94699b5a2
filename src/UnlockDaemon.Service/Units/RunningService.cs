namespace UnlockDaemon.Service.Units;

/// <summary>A service that did not stop.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Unit">Its systemd unit.</param>
/// <param name="Reason">Why it counts as running, as it follows its name.</param>
/// <param name="Processes">The processes left in its control group.</param>
public sealed record RunningService(string Name, string Unit, string Reason, IReadOnlyList<int> Processes)
{
    /// <summary>What is left of it, as it follows its name.</summary>
    internal string Remains => Processes.Count > 0 ? $"{Reason}: pid {string.Join(", ", Processes)}" : Reason;

    /// <summary>The service and what is left of it in one line.</summary>
    /// <returns>"utm5_core (utm5_core.service) is stopped, but left processes: pid 412, 413".</returns>
    public override string ToString() => $"{Name} ({Unit}) {Remains}";
}
