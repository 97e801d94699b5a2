namespace UnlockDaemon.Service.Units;

/// <summary>A service as it is now.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Unit">Its systemd unit.</param>
/// <param name="State">How it does.</param>
/// <param name="Detail">Why; for a ready service what the probe learned, such as a version. May be empty.</param>
/// <param name="Seconds">How long the last start took until ready; null if it was not watched.</param>
/// <param name="LogLines">For a failed service the last lines of its log, oldest first; otherwise empty.</param>
public sealed record ServiceStatus(
    string Name, string Unit, ServiceState State, string Detail, double? Seconds, IReadOnlyList<string> LogLines)
{
    /// <summary>The status in one line, without the name: "ready after 1.8 s: 10.11.6-MariaDB".</summary>
    /// <returns>The line.</returns>
    public override string ToString()
    {
        string state = State.ToString().ToLowerInvariant();
        string duration = Seconds is { } seconds ? $" after {seconds:0.0} s" : "";
        return Detail.Length == 0 ? state + duration : $"{state}{duration}: {Detail}";
    }
}

/// <summary>How a service does. Why it does so is told beside it.</summary>
public enum ServiceState
{
    /// <summary>Down.</summary>
    Stopped,

    /// <summary>On its way up: asked for, started by systemd, or not yet past its probe.</summary>
    Starting,

    /// <summary>Does its work.</summary>
    Ready,

    /// <summary>Should be up and is not.</summary>
    Failed,

    /// <summary>On its way down.</summary>
    Stopping,
}

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
