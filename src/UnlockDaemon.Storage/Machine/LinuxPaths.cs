using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Where paths lead.</summary>
internal static class LinuxPaths
{
    // As many as the kernel follows. Source: linux/namei.h, MAXSYMLINKS.
    private const int MaximumLinks = 40;

    /// <summary>The path with all symbolic links in it resolved, as far as there is something.</summary>
    /// <param name="path">An absolute path.</param>
    /// <returns>Null when its links lead in a circle.</returns>
    internal static string? Resolve(string path)
    {
        string reached = "/";
        Stack<string> rest = new();
        PushParts(rest, path);
        for (int links = 0; rest.TryPop(out string? name);)
        {
            if (name == ".")
                continue;
            string next = name == ".." ? Path.GetDirectoryName(reached) ?? "/" : Path.Combine(reached, name);
            if (name == ".." || new FileInfo(next).LinkTarget is not { } target)
            {
                reached = next;
                continue;
            }

            if (++links > MaximumLinks)
                return null;
            if (target.StartsWith('/'))
                reached = "/";
            PushParts(rest, target);
        }

        return reached;
    }

    /// <summary>The file system that a path lies in, told from the mounts alone: nobody is asked.</summary>
    /// <param name="path">An absolute path without symbolic links.</param>
    /// <param name="mounts">The mounts, in the kernel's order.</param>
    internal static DeviceNumber? FilesystemOf(string path, IEnumerable<MountEntry> mounts)
    {
        MountEntry? found = null;
        foreach (MountEntry mount in mounts)
        {
            // The later one lies on top.
            if (IsIn(path, mount.MountPoint) && mount.MountPoint.Length >= (found?.MountPoint.Length ?? 0))
                found = mount;
        }

        return found?.Device;
    }

    private static bool IsIn(string path, string directory) => directory == "/"
        || (path.StartsWith(directory, StringComparison.Ordinal)
            && (path.Length == directory.Length || path[directory.Length] == '/'));

    private static void PushParts(Stack<string> rest, string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = parts.Length - 1; i >= 0; i--)
            rest.Push(parts[i]);
    }
}
