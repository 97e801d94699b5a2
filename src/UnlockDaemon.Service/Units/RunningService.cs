namespace UnlockDaemon.Service.Units;

/// <summary>A service that did not stop.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Unit">Its systemd unit.</param>
/// <param name="Reason">Why it counts as running.</param>
/// <param name="Processes">The processes left in its control group.</param>
public sealed record RunningService(string Name, string Unit, string Reason, IReadOnlyList<int> Processes);
