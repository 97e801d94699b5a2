namespace UnlockDaemon.Protocol.Messages;

/// <summary>The proof that the volume is locked; exists only when every check holds.</summary>
/// <param name="Instance">Host name of the instance.</param>
/// <param name="BootId">The kernel's boot id.</param>
/// <param name="IssuedAt">When the checks were made.</param>
/// <param name="Reason">What the caller gave as the reason.</param>
/// <param name="Container">Path of the container.</param>
/// <param name="Nonce">What the caller gave, to know this certificate from an older one.</param>
/// <param name="Checks">The checks, each read from the kernel after the fact.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record Certificate(
    string Instance,
    string BootId,
    DateTimeOffset IssuedAt,
    string? Reason,
    string Container,
    string? Nonce,
    IReadOnlyList<CheckResult> Checks,
    LockSeconds Seconds);
