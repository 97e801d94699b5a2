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
    /// <summary>For the operator: who, and what to look at.</summary>
    /// <returns>Such as "mysqld (pid 812, mariadb.service) has /var/secure/mysql/ibdata1 open".</returns>
    public override string ToString()
    {
        string who = Pid == 0 ? Command : $"{Command} (pid {Pid}{(Unit is null ? "" : ", " + Unit)})";
        return Kind switch
        {
            "cwd" => $"{who} has its working directory in {Path}",
            "root" => $"{who} has its root directory at {Path}",
            "executable" => $"{who} runs {Path}",
            "map" => $"{who} has {Path} mapped",
            "mount-namespace" => $"{who} has it mounted in its own mount namespace at {Path}",
            "socket" => $"{who} has the socket {Path} bound",
            "file" or "device" => $"{who} has {Path} open",
            _ => $"{who}: {Path}",
        };
    }
}
