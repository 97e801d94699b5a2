namespace UnlockDaemon.Protocol.Messages;

/// <summary>What "unlockctl check --json" prints.</summary>
/// <param name="Checks">Each with its severity (ok, warning or error) as its name.</param>
public sealed record ChecksReply(IReadOnlyList<CheckResult> Checks);
