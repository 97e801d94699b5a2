namespace UnlockDaemon.Protocol.Messages;

/// <summary>Last answer of Unlock.</summary>
/// <param name="State">ready or degraded.</param>
public sealed record UnlockReply(string State);

/// <summary>Parameters of Grow without a passphrase.</summary>
/// <param name="Size">The size that the container is to have, in bytes.</param>
public sealed record GrowParameters(long Size);

/// <summary>Last answer of Grow.</summary>
/// <param name="Size">Size of the container in bytes.</param>
public sealed record GrowReply(long Size);

/// <summary>Answer of Holders.</summary>
/// <param name="Holders">Empty when nobody holds the volume, or it is not mounted.</param>
public sealed record HoldersReply(IReadOnlyList<HolderInfo> Holders);

/// <summary>Somebody who keeps the file system from being unmounted.</summary>
/// <param name="Pid">The process; 0 for the kernel itself.</param>
/// <param name="Command">The process's name.</param>
/// <param name="Unit">Its systemd unit or session, or null.</param>
/// <param name="Kind">
/// file, cwd, root, executable, map, mount-namespace, mount, swap, loop, device-mapper, device, socket or nfs-export.
/// </param>
/// <param name="Path">What it holds.</param>
public sealed record HolderInfo(int Pid, string Command, string? Unit, string Kind, string Path);
