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
