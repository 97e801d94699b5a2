namespace UnlockDaemon.Protocol.Messages;

/// <summary>Parameters of Lock.</summary>
/// <param name="Deadline">Seconds; null for the configured one.</param>
/// <param name="Hold">Prompt nobody afterwards, until Release.</param>
/// <param name="Reason">Why, for the log, the hold and the certificate.</param>
/// <param name="Nonce">Goes into the certificate as it is.</param>
public sealed record LockParameters(
    double? Deadline = null, bool? Hold = null, string? Reason = null, string? Nonce = null);
