namespace UnlockDaemon.Linux.Storage;

/// <summary>Somebody who keeps a file system from being unmounted.</summary>
/// <param name="Pid">The process, or 0 when it is the kernel itself (swap, a loop device, a mount below).</param>
/// <param name="Command">The process's name, or what of the kernel it is.</param>
/// <param name="Unit">The systemd unit or session it belongs to, or null.</param>
/// <param name="Kind">How: file, cwd, root, executable, map, mount-namespace, mount, swap,
/// loop, device-mapper, device (opened itself), socket (bound there), nfs-export.</param>
/// <param name="Path">What it holds.</param>
public sealed record Holder(int Pid, string Command, string? Unit, string Kind, string Path)
{
    /// <summary>
    /// Who, and not what: for reasons that every user, and the nodes of a cluster, are told. Names of files are for root.
    /// </summary>
    /// <value>Such as "mysqld (pid 812, mariadb.service)".</value>
    public string Name => Pid == 0 ? Command : $"{Command} (pid {Pid}{(Unit is null ? "" : ", " + Unit)})";

    /// <summary>For the operator: who, and what to look at.</summary>
    /// <returns>Such as "mysqld (pid 812, mariadb.service) has /var/secure/mysql/ibdata1 open".</returns>
    public override string ToString() => Kind switch
    {
        "cwd" => $"{Name} has its working directory in {Path}",
        "root" => $"{Name} has its root directory at {Path}",
        "executable" => $"{Name} runs {Path}",
        "map" => $"{Name} has {Path} mapped",
        "mount-namespace" => $"{Name} has it mounted in its own mount namespace at {Path}",
        "socket" => $"{Name} has the socket {Path} bound",
        "file" or "device" => $"{Name} has {Path} open",
        _ => $"{Name}: {Path}",
    };
}
