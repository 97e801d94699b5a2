namespace UnlockDaemon.Protocol.Messages;

/// <summary>Parameters of Grow without a passphrase.</summary>
/// <param name="Size">The size that the container is to have, in bytes.</param>
public sealed record GrowParameters(long Size);
