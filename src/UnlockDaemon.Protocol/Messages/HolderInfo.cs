namespace UnlockDaemon.Protocol.Messages;

/// <summary>Somebody who keeps the file system from being unmounted.</summary>
/// <param name="Pid">The process; 0 for the kernel itself.</param>
/// <param name="Command">The process's name.</param>
/// <param name="Unit">Its systemd unit or session, or null.</param>
/// <param name="Kind">
/// file, cwd, root, executable, map, mount-namespace, mount, swap, loop, device-mapper, device, socket or nfs-export.
/// </param>
/// <param name="Path">What it holds.</param>
public sealed record HolderInfo(int Pid, string Command, string? Unit, string Kind, string Path);
