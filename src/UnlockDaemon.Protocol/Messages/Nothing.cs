namespace UnlockDaemon.Protocol.Messages;

/// <summary>An empty object: parameters of a method that takes none, or the answer of one that only succeeds.</summary>
public sealed record Nothing;
