using System.Globalization;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Finds who holds a mounted file system, from /proc and sysfs.</summary>
public static class HolderScan
{
    /// <summary>Looks at every process, every mount namespace, swap and stacked devices.</summary>
    /// <param name="mount">The mounted file system.</param>
    /// <returns>All holders found; a process is named once for each kind, with the first path of that kind.</returns>
    public static IReadOnlyList<Holder> Find(MountEntry mount)
    {
        ArgumentNullException.ThrowIfNull(mount);
        List<Holder> holders = [];
        HashSet<string> namespaces = [NamespaceOf("self")];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && pid != Environment.ProcessId)
                holders.AddRange(FindOfProcess(pid, directory, mount, namespaces));
        }

        holders.AddRange(FindMountsBelow(mount));
        holders.AddRange(FindSwap(mount));
        holders.AddRange(FindLoopDevices(mount));
        return holders;
    }

    private static IEnumerable<Holder> FindOfProcess(
        int pid, string directory, MountEntry mount, HashSet<string> namespaces)
    {
        Holder Make(string kind, string path) => new(pid, CommandOf(directory), UnitOf(directory), kind, path);
        if (IsOn(directory + "/cwd", mount.Device))
            yield return Make("cwd", Target(directory + "/cwd"));
        if (IsOn(directory + "/root", mount.Device))
            yield return Make("root", Target(directory + "/root"));
        if (IsOn(directory + "/exe", mount.Device))
            yield return Make("executable", Target(directory + "/exe"));
        foreach (string fd in Entries(directory + "/fd").Where(fd => IsOn(fd, mount.Device)).Take(1))
            yield return Make("file", Target(fd));
        if (FindMap(directory, mount.Device) is { } map)
            yield return Make("map", map);
        if (namespaces.Add(NamespaceOf(pid.ToString(CultureInfo.InvariantCulture))))
        {
            foreach (MountEntry entry in MountTable.Read(directory + "/mountinfo"))
            {
                if (entry.Device == mount.Device)
                    yield return Make("mount-namespace", entry.MountPoint);
            }
        }
    }

    private static IEnumerable<Holder> FindMountsBelow(MountEntry mount) =>
        from entry in MountTable.Read()
        where entry.MountPoint.StartsWith(mount.MountPoint + "/", StringComparison.Ordinal)
            || (entry.Device == mount.Device && entry.MountPoint != mount.MountPoint)
        select new Holder(0, "another mount", null, "mount", entry.MountPoint);

    private static IEnumerable<Holder> FindSwap(MountEntry mount) =>
        from line in Lines("/proc/swaps").Skip(1)
        let path = line.Split(' ', '\t')[0]
        where IsOn(path, mount.Device)
        select new Holder(0, "swap file", null, "swap", path);

    private static IEnumerable<Holder> FindLoopDevices(MountEntry mount) =>
        from device in LoopDevice.FindAll()
        where device.BackingDevice == mount.Device
        select new Holder(0, "loop device", null, "loop", device.Path);

    private static bool IsOn(string path, DeviceNumber device) =>
        FileStatus.TryRead(path) is { } status && FileStatus.DeviceOf(status) == device;

    /// <summary>A mapped file may be deleted and its path gone; the device number in the line stays.</summary>
    private static string? FindMap(string directory, DeviceNumber device)
    {
        // "address perms offset major:minor inode path", the numbers in hexadecimal.
        string number = $"{device.Major:x2}:{device.Minor:x2}";
        foreach (string line in Lines(directory + "/maps"))
        {
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 6 && fields[3] == number)
                return fields[5];
        }

        return null;
    }

    private static string CommandOf(string directory) => Lines(directory + "/comm").FirstOrDefault() ?? "?";

    /// <summary>The last part of the control group that is a unit: "0::/system.slice/mariadb.service".</summary>
    private static string? UnitOf(string directory) =>
        Lines(directory + "/cgroup").LastOrDefault()?.Split('/').LastOrDefault(static part =>
            part.EndsWith(".service", StringComparison.Ordinal) || part.EndsWith(".scope", StringComparison.Ordinal));

    private static string NamespaceOf(string process) => Target($"/proc/{process}/ns/mnt");

    private static string Target(string link)
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

    // A process may end, and its files with it, between any two of these looks.
    private static string[] Entries(string directory)
    {
        try
        {
            return Directory.GetFileSystemEntries(directory);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
