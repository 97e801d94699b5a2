namespace UnlockDaemon.Protocol.Messages;

/// <summary>Answer of org.varlink.service.GetInfo.</summary>
/// <param name="Vendor">Who makes it.</param>
/// <param name="Product">What it is.</param>
/// <param name="Version">Its version.</param>
/// <param name="Url">Where to read about it.</param>
/// <param name="Interfaces">The interfaces on this socket.</param>
public sealed record ServiceInfoReply(
    string Vendor, string Product, string Version, string Url, IReadOnlyList<string> Interfaces);
