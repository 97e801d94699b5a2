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
