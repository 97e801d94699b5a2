using System.Globalization;
using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Looks at what processes hold of a volume; the same look for each process of a scan.</summary>
/// <param name="volume">Number of the mapping, and so of the file system on it.</param>
/// <param name="loop">Number of the loop device below.</param>
internal sealed class ProcessScan(DeviceNumber volume, DeviceNumber? loop)
{
    // "address perms offset major:minor inode path", the numbers in hexadecimal.
    private readonly string _mapped = $"{volume.Major:x2}:{volume.Minor:x2}";
    private readonly Dictionary<string, ProcessDirectory> _namespaces = new(StringComparer.Ordinal)
    {
        [ProcessDirectory.NamespaceOf("/proc/self")] = default,
    };

    private readonly Dictionary<string, BoundSockets> _sockets = new(StringComparer.Ordinal);
    private (int Pid, BoundSockets Sockets) _socketsOfLast;

    /// <summary>One process of each mount namespace but our own.</summary>
    internal IReadOnlyCollection<ProcessDirectory> Namespaces =>
        [.. _namespaces.Values.Where(static process => process.Path is not null)];

    /// <summary>Adds what a process holds, one holder for each kind.</summary>
    internal void Look(ProcessDirectory process, List<Holder> holders)
    {
        if (process.IsBare)
            return;
        _namespaces.TryAdd(ProcessDirectory.NamespaceOf(process.Path), process);
        HashSet<string> kinds = new(StringComparer.Ordinal);
        void Add(string kind, string path)
        {
            if (kinds.Add(kind))
                holders.Add(process.Hold(kind, path));
        }

        LookAt(process.Path, "exe", "executable", Add);
        // Threads share these with their process unless they asked for their own (CLONE_FS, CLONE_FILES).
        foreach (string thread in process.Threads())
        {
            LookAt(thread, "cwd", "cwd", Add);
            LookAt(thread, "root", "root", Add);
            LookAtFiles(process, thread, Add);
        }

        if (FindMap(process.Path) is { } map)
            Add("map", map);
    }

    internal static bool IsOn(string path, DeviceNumber device) =>
        FileStatus.TryReadAsKnown(path) is { } status && FileStatus.DeviceOf(status) == device;

    private void LookAt(string directory, string link, string kind, Action<string, string> add)
    {
        string path = $"{directory}/{link}";
        if (IsOn(path, volume))
            add(kind, ProcessDirectory.Target(path));
    }

    private void LookAtFiles(ProcessDirectory process, string thread, Action<string, string> add)
    {
        foreach (string fd in DirectoryEntries.Of(thread + "/fd"))
        {
            if (FileStatus.TryReadAsKnown(fd) is not { } status)
                continue;
            if (FileStatus.DeviceOf(status) == volume)
                add("file", ProcessDirectory.Target(fd));
            else if (status.IsOfType(LibC.S_IFBLK)
                && new DeviceNumber(status.stx_rdev_major, status.stx_rdev_minor) is var device
                && (device == volume || device == loop))
                add("device", ProcessDirectory.Target(fd));
            else if (status.IsOfType(LibC.S_IFSOCK)
                && FindSocket(process, status.stx_ino) is { } path)
                add("socket", path);
        }
    }

    /// <summary>
    /// The path of a socket that is bound on the volume; its file may be deleted, its directory is there.
    /// </summary>
    private string? FindSocket(ProcessDirectory process, ulong inode)
    {
        if (_socketsOfLast.Pid != process.Pid)
            _socketsOfLast = (process.Pid, FindSockets(process));
        return _socketsOfLast.Sockets.PathOf(inode) is { } path
            && IsOn($"{process.Path}/root{Path.GetDirectoryName(path)}", volume) ? path : null;
    }

    private BoundSockets FindSockets(ProcessDirectory process)
    {
        string network = ProcessDirectory.Target(process.Path + "/ns/net");
        if (!_sockets.TryGetValue(network, out BoundSockets? sockets))
            _sockets.Add(network, sockets = new BoundSockets(process));
        return sockets;
    }

    /// <summary>A mapped file may be deleted and its path gone; the device number in the line stays.</summary>
    private string? FindMap(string directory)
    {
        foreach (string line in KernelText.Lines(directory + "/maps"))
        {
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 6 && fields[3] == _mapped)
                return fields[5];
        }

        return null;
    }
}

/// <summary>A process's directory in /proc. It may end, and its files with it, between any two looks.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Path">The directory.</param>
internal readonly record struct ProcessDirectory(int Pid, string Path)
{
    internal static IEnumerable<ProcessDirectory> All() =>
        from directory in DirectoryEntries.Of("/proc")
        let name = System.IO.Path.GetFileName(directory)
        where char.IsAsciiDigit(name[0])
        select new ProcessDirectory(int.Parse(name, CultureInfo.InvariantCulture), directory);

    internal string[] Threads() => DirectoryEntries.Of(Path + "/task");

    /// <summary>
    /// Whether it has neither a program nor a second thread: a thread of the kernel, or a process that has ended.
    /// </summary>
    /// <remarks>A directory has a link for itself, one for its name, and one for each that is in it.</remarks>
    internal bool IsBare =>
        FileStatus.TryReadAsKnown(Path + "/exe") is null && Marshal.GetLastPInvokeError() == LibC.ENOENT
        && FileStatus.TryReadAsKnown(Path + "/task") is not { stx_nlink: > 3 };

    internal IReadOnlyList<MountEntry> ReadMounts() => MountTable.Read(Path + "/mountinfo");

    /// <remarks>Processes and files have whatever names their users give them.</remarks>
    internal Holder Hold(string kind, string path) =>
        new(Pid, Wording.OneLine(Command), Unit, kind, Wording.OneLine(path));

    private string Command => KernelText.Lines(Path + "/comm").FirstOrDefault() ?? "?";

    /// <summary>The last part of the control group that is a unit: "0::/system.slice/mariadb.service".</summary>
    private string? Unit =>
        KernelText.Lines(Path + "/cgroup").LastOrDefault()?.Split('/').LastOrDefault(static part =>
            part.EndsWith(".service", StringComparison.Ordinal) || part.EndsWith(".scope", StringComparison.Ordinal));

    internal static string NamespaceOf(string process) => Target(process + "/ns/mnt");

    internal static string Target(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget ?? link;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return link;
        }
    }
}
