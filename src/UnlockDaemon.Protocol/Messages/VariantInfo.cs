namespace UnlockDaemon.Protocol.Messages;

/// <summary>A way to read a container without a header.</summary>
/// <param name="Description">In words.</param>
/// <param name="Filesystem">The file system found with it.</param>
/// <param name="Configuration">The configuration for it, as YAML.</param>
public sealed record VariantInfo(string Description, string Filesystem, string Configuration);
