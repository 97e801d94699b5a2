namespace UnlockDaemon.Containers;

/// <summary>What came of restoring a header.</summary>
/// <param name="WrongPassphrase">The passphrase opens no slot of the backup.</param>
/// <param name="Refusal">Why it was not restored, and what to do; null when it was.</param>
internal sealed record HeaderRestoreOutcome(bool WrongPassphrase, string? Refusal);
