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
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                if (MountEntry.TryParse(line) is { } entry)
                    entries.Add(entry);
            }
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        return [.. entries];
    }

    /// <summary>Finds what is mounted on a directory: the last, if several are stacked.</summary>
    /// <param name="mountPoint">The directory.</param>
    /// <returns>The mount, or null when the directory is no mount point.</returns>
    public static MountEntry? Find(string mountPoint) =>
        Array.FindLast(Read(), entry => entry.MountPoint == mountPoint);
}
