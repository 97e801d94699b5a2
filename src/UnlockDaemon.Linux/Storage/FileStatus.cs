using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

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
