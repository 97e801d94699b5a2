namespace UnlockDaemon.Protocol.Messages;

/// <summary>Last answer of Unlock.</summary>
/// <param name="State">ready or degraded.</param>
public sealed record UnlockReply(string State);
