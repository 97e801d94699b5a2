namespace UnlockDaemon.Protocol.Messages;

/// <summary>Parameters of org.varlink.service.GetInterfaceDescription.</summary>
/// <param name="Interface">Name of the interface.</param>
public sealed record InterfaceParameters(string Interface);
