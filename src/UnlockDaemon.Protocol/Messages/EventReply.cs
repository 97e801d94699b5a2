namespace UnlockDaemon.Protocol.Messages;

/// <summary>An event, while Watch, Unlock or Lock goes on.</summary>
/// <param name="Event">The event.</param>
public sealed record EventReply(EventInfo Event);
