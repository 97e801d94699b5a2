using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Linux.Interop;

/// <summary>News of a directory. Source: sys/inotify.h, inotify(7).</summary>
internal static partial class Inotify
{
    internal const int IN_CLOEXEC = 0x80000;
    internal const int IN_NONBLOCK = 0x800;
    internal const uint IN_ATTRIB = 0x4;
    internal const uint IN_CLOSE_WRITE = 0x8;
    internal const uint IN_MOVED_TO = 0x80;
    internal const uint IN_CREATE = 0x100;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileHandle inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int inotify_add_watch(SafeFileHandle fd, string pathname, uint mask);
}
