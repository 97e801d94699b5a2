namespace UnlockDaemon.Protocol.Messages;

/// <summary>One service.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Unit">Its systemd unit.</param>
/// <param name="State">stopped, starting, ready, failed or stopping.</param>
/// <param name="Detail">What it waits for, or why it failed.</param>
/// <param name="Seconds">How long the last start took, from the start job to readiness.</param>
/// <param name="Log">Its last log lines, when it failed.</param>
public sealed record ServiceInfo(
    string Name, string Unit, string State, string Detail, double? Seconds, IReadOnlyList<string> Log);
