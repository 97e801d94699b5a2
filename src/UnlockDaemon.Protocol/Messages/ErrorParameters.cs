namespace UnlockDaemon.Protocol.Messages;

/// <summary>Parameters of any error; each error uses those that its definition names.</summary>
/// <param name="Reason">What happened and what to do, for people.</param>
/// <param name="Step">The layer or service that failed.</param>
/// <param name="State">What is going on instead.</param>
/// <param name="Holders">Who holds the volume.</param>
/// <param name="Parameter">The parameter that is wrong.</param>
/// <param name="Method">The method that is unknown.</param>
/// <param name="Interface">The interface that is unknown.</param>
public sealed record ErrorParameters(
    string? Reason = null,
    string? Step = null,
    string? State = null,
    IReadOnlyList<HolderInfo>? Holders = null,
    string? Parameter = null,
    string? Method = null,
    string? Interface = null);

/// <summary>An empty object: parameters of a method that takes none, or the answer of one that only succeeds.</summary>
public sealed record Nothing;

/// <summary>Answer of org.varlink.service.GetInfo.</summary>
/// <param name="Vendor">Who makes it.</param>
/// <param name="Product">What it is.</param>
/// <param name="Version">Its version.</param>
/// <param name="Url">Where to read about it.</param>
/// <param name="Interfaces">The interfaces on this socket.</param>
public sealed record ServiceInfoReply(
    string Vendor, string Product, string Version, string Url, IReadOnlyList<string> Interfaces);

/// <summary>Parameters of org.varlink.service.GetInterfaceDescription.</summary>
/// <param name="Interface">Name of the interface.</param>
public sealed record InterfaceParameters(string Interface);

/// <summary>Answer of org.varlink.service.GetInterfaceDescription.</summary>
/// <param name="Description">The interface's text.</param>
public sealed record InterfaceReply(string Description);
