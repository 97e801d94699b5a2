namespace UnlockDaemon.Linux.Storage;

/// <summary>The mounts of a mount namespace. Source: proc_pid_mountinfo(5).</summary>
public static class MountTable
{
    /// <summary>The mounts of this process.</summary>
    public const string Own = "/proc/self/mountinfo";

    /// <summary>Reads all mounts.</summary>
    /// <param name="path">A mountinfo file.</param>
    /// <returns>The mounts in the kernel's order; empty when the process of that file has gone.</returns>
    public static MountEntry[] Read(string path = Own)
    {
        List<MountEntry> entries = [];
        foreach (string line in KernelText.Lines(path))
        {
            if (MountEntry.TryParse(line) is { } entry)
                entries.Add(entry);
        }

        return [.. entries];
    }

    /// <summary>Reads the mounts that processes see, whatever namespace they are in.</summary>
    /// <returns>Each with a process that sees it; those of one namespace once for each root directory in it.</returns>
    public static IEnumerable<(int Pid, MountEntry Entry)> ReadAll()
    {
        HashSet<(FileIdentity Namespace, ulong RootMount, ulong Root)> seen = [];
        foreach (ProcessDirectory process in ProcessDirectory.All())
        {
            // mountinfo shows what is below the process's root directory.
            if (FileIdentity.TryOf(process.Path + "/ns/mnt") is { } space
                && FileStatus.TryReadAsKnown(process.Path + "/root") is { } root
                && !seen.Add((space, root.stx_mnt_id, root.stx_ino)))
                continue;
            foreach (MountEntry entry in process.ReadMounts())
                yield return (process.Pid, entry);
        }
    }

    /// <summary>Finds what is mounted on a directory: the last, if several are stacked.</summary>
    /// <param name="mountPoint">The directory.</param>
    /// <returns>The mount, or null when the directory is no mount point.</returns>
    public static MountEntry? Find(string mountPoint) =>
        Array.FindLast(Read(), entry => entry.MountPoint == mountPoint);
}
