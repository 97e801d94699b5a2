using System.Text;

namespace UnlockDaemon.Linux.Storage;

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
            : null;
    }

    /// <summary>Space, tab, newline and backslash are written as \ooo, octal bytes.</summary>
    private static string Unescape(string field)
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
