namespace UnlockDaemon.Protocol.Messages;

/// <summary>Something that happened.</summary>
/// <param name="Time">When.</param>
/// <param name="Kind">state, step, service, check or prompt.</param>
/// <param name="Subject">The state, layer, service, check or console.</param>
/// <param name="Text">One line for people.</param>
public sealed record EventInfo(DateTimeOffset Time, string Kind, string Subject, string Text);
