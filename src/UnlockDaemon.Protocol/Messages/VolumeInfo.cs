namespace UnlockDaemon.Protocol.Messages;

/// <summary>The volume, as configured.</summary>
/// <param name="Container">Path of the container.</param>
/// <param name="Format">luks, loop-aes or plain.</param>
/// <param name="MountPoint">Where it is mounted.</param>
public sealed record VolumeInfo(string Container, string Format, string MountPoint);
