using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>statx(2), read.</summary>
internal static class FileStatus
{
    internal static Stat.statx Read(string path) =>
        TryRead(path) ?? throw LinuxException.FromLastError("look at", path);

    internal static Stat.statx? TryRead(string path) =>
        Stat.statx_path(LibC.AT_FDCWD, path, LibC.AT_NO_AUTOMOUNT, LibC.STATX_BASIC_STATS | Stat.STATX_MNT_ID,
            out Stat.statx status) == 0
            ? status
            : null;

    internal static DeviceNumber DeviceOf(in Stat.statx status) => new(status.stx_dev_major, status.stx_dev_minor);
}
