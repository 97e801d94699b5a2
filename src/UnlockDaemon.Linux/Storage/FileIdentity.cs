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
