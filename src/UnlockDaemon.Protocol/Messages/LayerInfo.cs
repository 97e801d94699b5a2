namespace UnlockDaemon.Protocol.Messages;

/// <summary>One layer of the storage stack.</summary>
/// <param name="Name">loop, mapping, filesystem or units.</param>
/// <param name="Up">Whether it is there.</param>
/// <param name="Detail">The device, the file system, or how many units.</param>
public sealed record LayerInfo(string Name, bool Up, string Detail);
