namespace UnlockDaemon.Protocol.Messages;

/// <summary>Parameters of Lock.</summary>
/// <param name="Deadline">Seconds; null for the configured one.</param>
/// <param name="Hold">Prompt nobody afterwards, until Release or the hold's limit.</param>
/// <param name="HoldLimitSeconds">When the hold ends by itself; null for the configured time.</param>
/// <param name="Reason">Why, for the log, the hold and the certificate.</param>
/// <param name="Nonce">Goes into the certificate as it is.</param>
/// <param name="Evict">Processes that may be ended if they hold the volume.</param>
/// <param name="HoldOwner">Whose the hold is: "ganeti" for its nodes; null for an operator's.</param>
public sealed record LockParameters(
    double? Deadline = null,
    bool? Hold = null,
    double? HoldLimitSeconds = null,
    string? Reason = null,
    string? Nonce = null,
    IReadOnlyList<int>? Evict = null,
    string? HoldOwner = null);
