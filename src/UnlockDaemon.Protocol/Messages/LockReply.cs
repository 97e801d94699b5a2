namespace UnlockDaemon.Protocol.Messages;

/// <summary>Last answer of Lock.</summary>
/// <param name="Certificate">The proof.</param>
public sealed record LockReply(Certificate Certificate);
