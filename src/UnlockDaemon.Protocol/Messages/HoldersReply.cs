namespace UnlockDaemon.Protocol.Messages;

/// <summary>Answer of Holders.</summary>
/// <param name="Holders">Empty when nobody holds the volume, or it is not mounted.</param>
public sealed record HoldersReply(IReadOnlyList<HolderInfo> Holders);
