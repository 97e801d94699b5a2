namespace UnlockDaemon.Protocol.Messages;

/// <summary>Answer of org.varlink.service.GetInterfaceDescription.</summary>
/// <param name="Description">The interface's text.</param>
public sealed record InterfaceReply(string Description);
