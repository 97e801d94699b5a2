namespace UnlockDaemon.Protocol.Messages;

/// <summary>Last answer of Grow.</summary>
/// <param name="Size">Size of the container in bytes.</param>
public sealed record GrowReply(long Size);
