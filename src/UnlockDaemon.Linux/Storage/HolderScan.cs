using System.Globalization;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Finds who holds a volume, from /proc and sysfs.</summary>
public static class HolderScan
{
    private const string NfsExports = "/proc/fs/nfs/exports";

    /// <summary>Looks at every thread, every mount namespace, swap, exports and stacked devices.</summary>
    /// <param name="volume">The device that its file system lies on.</param>
    /// <param name="mount">Where that is mounted, or null.</param>
    /// <param name="lower">The device below it, or null.</param>
    /// <param name="except">Processes that need not be looked at; this one never is.</param>
    /// <returns>All holders found; a process is named once for each kind, with the first path of that kind.</returns>
    public static IReadOnlyList<Holder> Find(
        DeviceNumber volume, MountEntry? mount, DeviceNumber? lower, IReadOnlySet<int>? except = null)
    {
        ProcessScan processes = new(volume, lower);
        List<Holder> holders = [];
        foreach (ProcessDirectory process in ProcessDirectory.All())
        {
            if (process.Pid != Environment.ProcessId && except?.Contains(process.Pid) != true)
                processes.Look(process, holders);
        }

        if (mount is not null)
        {
            holders.AddRange(FindNamespaces(mount, processes.Namespaces));
            holders.AddRange(FindMounts(mount));
            holders.AddRange(FindExports(mount));
        }

        holders.AddRange(FindSwap(volume));
        holders.AddRange(FindLoopDevices(volume));
        holders.AddRange(FindStackedDevices(volume));
        return holders;
    }

    private static IEnumerable<Holder> FindNamespaces(
        MountEntry mount, IReadOnlyCollection<ProcessDirectory> namespaces)
    {
        (ProcessDirectory Process, IReadOnlyList<MountEntry> Mounts)[] tables =
            [.. namespaces.Select(static process => (process, process.ReadMounts()))];
        MountPropagation propagation = new(mount, MountTable.Read(), tables.SelectMany(static table => table.Mounts));
        return from table in tables
               from entry in table.Mounts
               where entry.Device == mount.Device && !propagation.Reaches(entry, table.Mounts)
               select table.Process.Hold("mount-namespace", entry.MountPoint);
    }

    private static IEnumerable<Holder> FindMounts(MountEntry mount) =>
        from entry in MountTable.Read()
        where entry.MountPoint.StartsWith(mount.MountPoint + "/", StringComparison.Ordinal)
            || (entry.Device == mount.Device && entry.MountPoint != mount.MountPoint)
        select new Holder(0, "another mount", null, "mount", entry.MountPoint);

    /// <summary>
    /// What the kernel's NFS server exports, once a client has asked for it; the path is the first word. The file is
    /// there whether or not the file system "nfsd" is mounted.
    /// </summary>
    private static IEnumerable<Holder> FindExports(MountEntry mount) =>
        from line in KernelText.Lines(NfsExports)
        let path = MountEntry.Unescape(line.Split('\t', ' ')[0])
        where path == mount.MountPoint || path.StartsWith(mount.MountPoint + "/", StringComparison.Ordinal)
        select new Holder(0, "NFS export", null, "nfs-export", path);

    private static IEnumerable<Holder> FindSwap(DeviceNumber volume) =>
        from area in SwapTable.Read()
        where ProcessScan.IsOn(area.Path, volume)
        select new Holder(0, "swap file", null, "swap", area.Path);

    private static IEnumerable<Holder> FindLoopDevices(DeviceNumber volume) =>
        from device in LoopDevice.FindAll()
        where device.IsOn(volume)
        select new Holder(0, "loop device", null, "loop", device.Path);

    private static IEnumerable<Holder> FindStackedDevices(DeviceNumber volume) =>
        from entry in DirectoryEntries.Of($"/sys/dev/block/{volume}/holders")
        select new Holder(0, "another device", null, "device-mapper", "/dev/" + Path.GetFileName(entry));
}

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

/// <summary>
/// The Unix sockets of a network namespace that are bound to a path. Source: proc(5), /proc/net/unix.
/// </summary>
internal sealed class BoundSockets
{
    private readonly Dictionary<ulong, string> _paths = [];

    /// <summary>Reads them.</summary>
    /// <param name="process">A process in the namespace.</param>
    internal BoundSockets(ProcessDirectory process)
    {
        // "Num RefCount Protocol Flags Type St Inode Path"; a name that is no file begins with "@".
        foreach (string line in KernelText.Lines(process.Path + "/net/unix"))
        {
            string[] fields = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 8 && fields[7][0] == '/'
                && ulong.TryParse(fields[6], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
                _paths[inode] = fields[7];
        }
    }

    /// <summary>The path that a socket is bound to, as its process named it; null when to none.</summary>
    /// <param name="inode">The socket's.</param>
    internal string? PathOf(ulong inode) => _paths.GetValueOrDefault(inode);
}
