using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Mounting. Source: sys/mount.h, mount(2), umount2(2).</summary>
internal static partial class Mount
{
    internal const ulong MS_RDONLY = 1;
    internal const ulong MS_NOSUID = 2;
    internal const ulong MS_NODEV = 4;
    internal const ulong MS_NOEXEC = 8;
    internal const ulong MS_SYNCHRONOUS = 16;
    internal const ulong MS_DIRSYNC = 128;
    internal const ulong MS_NOSYMFOLLOW = 256;
    internal const ulong MS_NOATIME = 1024;
    internal const ulong MS_NODIRATIME = 2048;
    internal const ulong MS_SILENT = 1 << 15;
    internal const ulong MS_RELATIME = 1 << 21;
    internal const ulong MS_I_VERSION = 1 << 23;
    internal const ulong MS_STRICTATIME = 1 << 24;
    internal const ulong MS_LAZYTIME = 1 << 25;
    internal const int UMOUNT_NOFOLLOW = 8;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string source, string target, string filesystemtype, ulong flags, string? data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int umount2(string target, int flags);
}
