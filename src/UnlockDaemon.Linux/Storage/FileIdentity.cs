using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// What a file is, whatever it is called: device number and inode. Two paths with one identity are one file.
/// </summary>
/// <param name="Device">The device the file lies on.</param>
/// <param name="Inode">Its inode on it.</param>
public readonly record struct FileIdentity(DeviceNumber Device, ulong Inode)
{
    /// <summary>Looks a path up, following links, where a link may lead to nothing.</summary>
    /// <param name="path">The path.</param>
    /// <returns>The identity, or null when there is no such file or it cannot be looked at.</returns>
    public static FileIdentity? TryOf(string path) => FileStatus.TryRead(path) is { } status
        ? new FileIdentity(FileStatus.DeviceOf(status), status.stx_ino)
        : null;

    /// <summary>Looks a path up, following links.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="LinuxException">There is no such file, or it cannot be looked at.</exception>
    public static FileIdentity Of(string path)
    {
        Stat.statx status = FileStatus.Read(path);
        return new FileIdentity(FileStatus.DeviceOf(status), status.stx_ino);
    }
}

/// <summary>A device number, as "major:minor" in sysfs and mountinfo.</summary>
/// <param name="Major">The driver's number.</param>
/// <param name="Minor">The device's number.</param>
public readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <summary>Reads "major:minor".</summary>
    /// <param name="text">The text, as sysfs writes it.</param>
    /// <returns>The number, or null when the text is something else.</returns>
    public static DeviceNumber? Parse(ReadOnlySpan<char> text)
    {
        int colon = text.IndexOf(':');
        return colon > 0 && uint.TryParse(text[..colon], out uint major)
            && uint.TryParse(text[(colon + 1)..], out uint minor)
            ? new DeviceNumber(major, minor)
            : null;
    }

    /// <summary>Undoes the kernel's huge_encode_dev (linux/kdev_t.h), as in struct loop_info64.</summary>
    internal static DeviceNumber FromHuge(ulong encoded) =>
        new((uint)((encoded & 0xfff00) >> 8), (uint)((encoded & 0xff) | ((encoded >> 12) & 0xfff00)));

    /// <inheritdoc/>
    public override string ToString() => $"{Major}:{Minor}";
}

/// <summary>statx(2), read.</summary>
internal static class FileStatus
{
    internal static Stat.statx Read(string path) =>
        TryRead(path) ?? throw LinuxException.FromLastError("look at", path);

    /// <summary>What a path is; null when nothing is there, or it may not be looked at.</summary>
    internal static Stat.statx? TryRead(string path) => TryRead(path, flags: 0);

    /// <summary>
    /// What the kernel knows of a path already, for looks at whatever other processes have open: a file server that is
    /// dead would hold up a look that asks it. What a file is never changes; its size may have.
    /// </summary>
    internal static Stat.statx? TryReadAsKnown(string path) => TryRead(path, Stat.AT_STATX_DONT_SYNC);

    internal static DeviceNumber DeviceOf(in Stat.statx status) => new(status.stx_dev_major, status.stx_dev_minor);

    private static Stat.statx? TryRead(string path, int flags) =>
        Stat.statx_path(LibC.AT_FDCWD, path, LibC.AT_NO_AUTOMOUNT | flags, LibC.STATX_BASIC_STATS | Stat.STATX_MNT_ID,
            out Stat.statx status) == 0
            ? status
            : null;
}

/// <summary>Who a file belongs to.</summary>
public static class FileOwner
{
    /// <summary>The user a file belongs to.</summary>
    /// <param name="path">The file; symbolic links are followed.</param>
    /// <returns>The user's number; 0 is root.</returns>
    /// <exception cref="LinuxException">The file is not there or may not be looked at.</exception>
    public static uint UserId(string path) => FileStatus.Read(path).stx_uid;
}
