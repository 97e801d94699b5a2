namespace UnlockDaemon.Service.Volumes;

/// <summary>How to lock.</summary>
/// <param name="Deadline">How long it may take in all.</param>
/// <param name="Hold">Prompt nobody afterwards.</param>
/// <param name="Reason">Why.</param>
/// <param name="Nonce">Goes into the certificate.</param>
public sealed record LockRequest(TimeSpan Deadline, bool Hold = false, string? Reason = null, string? Nonce = null);
