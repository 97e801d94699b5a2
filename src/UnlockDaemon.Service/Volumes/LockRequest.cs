namespace UnlockDaemon.Service.Volumes;

/// <summary>How to lock.</summary>
/// <param name="Deadline">How long it may take in all.</param>
/// <param name="HoldFor">Prompt nobody afterwards for so long, or until released; null to prompt at once.</param>
/// <param name="Reason">Why.</param>
/// <param name="Nonce">Goes into the certificate.</param>
/// <param name="Evict">Processes that are not ours and may be ended, if they hold the volume.</param>
/// <param name="KeepKey">With a hold, how long the kernel keeps the key; null to wipe it.</param>
/// <param name="IsShutdown">Whether it is made because the whole system goes down.</param>
public sealed record LockRequest(
    TimeSpan Deadline,
    TimeSpan? HoldFor = null,
    string? Reason = null,
    string? Nonce = null,
    IReadOnlyList<int>? Evict = null,
    TimeSpan? KeepKey = null,
    bool IsShutdown = false)
{
    /// <summary>Whose the hold is; null for an operator's.</summary>
    public string? HoldOwner { get; init; }
}
