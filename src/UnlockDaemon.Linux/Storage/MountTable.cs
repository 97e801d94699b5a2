using System.Text;

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

/// <summary>One mount, a line of mountinfo.</summary>
/// <param name="Device">st_dev of the files on it.</param>
/// <param name="Root">The directory of the file system that is seen at the mount point.</param>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Options">Mount options.</param>
/// <param name="Type">File system type.</param>
/// <param name="Source">What was mounted, such as a device node.</param>
public sealed record MountEntry(
    DeviceNumber Device, string Root, string MountPoint, string Options, string Type, string Source)
{
    /// <summary>Whether the file system itself takes no writes, wherever it is mounted.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Its number, in all namespaces.</summary>
    public int Id { get; init; }

    /// <summary>The number of the mount that it is mounted on.</summary>
    public int Parent { get; init; }

    /// <summary>The peer group whose mounts and unmounts it shares, or 0.</summary>
    public int PeerGroup { get; init; }

    /// <summary>The peer group that it follows without being followed, or 0.</summary>
    public int Master { get; init; }

    /// <summary>Reads a line.</summary>
    /// <param name="line">A line of mountinfo.</param>
    /// <returns>The mount, or null when the line has another form.</returns>
    public static MountEntry? TryParse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        string[] fields = line.Split(' ');
        int separator = Array.IndexOf(fields, "-");
        return separator >= 6 && fields.Length > separator + 2 && DeviceNumber.Parse(fields[2]) is { } device
            ? new MountEntry(device, Unescape(fields[3]), Unescape(fields[4]), fields[5],
                fields[separator + 1], Unescape(fields[separator + 2]))
            {
                IsReadOnly = fields.Length > separator + 3 && fields[separator + 3].Split(',')[0] == "ro",
                Id = int.Parse(fields[0]),
                Parent = int.Parse(fields[1]),
                PeerGroup = GroupIn(fields.AsSpan(6..separator), "shared:"),
                Master = GroupIn(fields.AsSpan(6..separator), "master:"),
            }
            : null;
    }

    /// <summary>The optional fields are tags with a number: "shared:27 master:3".</summary>
    private static int GroupIn(ReadOnlySpan<string> tags, string tag)
    {
        foreach (string field in tags)
        {
            if (field.StartsWith(tag, StringComparison.Ordinal))
                return int.Parse(field.AsSpan(tag.Length));
        }

        return 0;
    }

    /// <summary>Space, tab, newline and backslash are written as \ooo, octal bytes.</summary>
    internal static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
            return field;
        byte[] bytes = Encoding.UTF8.GetBytes(field);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            bool escape = bytes[i] == '\\' && i + 3 < bytes.Length;
            bytes[length++] = escape
                ? (byte)(((bytes[i + 1] - '0') << 6) | ((bytes[i + 2] - '0') << 3) | (bytes[i + 3] - '0'))
                : bytes[i];
            i += escape ? 3 : 0;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
