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

/// <summary>Last answer of Lock.</summary>
/// <param name="Certificate">The proof.</param>
public sealed record LockReply(Certificate Certificate);

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

/// <summary>One look at the kernel after a lock.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Ok">Whether it is as a locked volume must be.</param>
/// <param name="Detail">What was seen.</param>
public sealed record CheckResult(string Name, bool Ok, string Detail);

/// <summary>How long a lock took, in seconds.</summary>
/// <param name="Services">Until the services were stopped.</param>
/// <param name="Unmount">From then until the container was detached.</param>
/// <param name="Total">In all, with the checks.</param>
public sealed record LockSeconds(double Services, double Unmount, double Total);

/// <summary>What "unlockctl check --json" prints.</summary>
/// <param name="Checks">Each with its severity (ok, warning or error) as its name.</param>
public sealed record ChecksReply(IReadOnlyList<CheckResult> Checks);
