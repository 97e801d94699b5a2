namespace UnlockDaemon.Protocol.Messages;

/// <summary>One look at the kernel after a lock.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Ok">Whether it is as a locked volume must be.</param>
/// <param name="Detail">What was seen.</param>
public sealed record CheckResult(string Name, bool Ok, string Detail);
