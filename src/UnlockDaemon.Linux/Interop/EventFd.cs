using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Linux.Interop;

/// <summary>A counter to wake a thread that polls. Source: sys/eventfd.h, eventfd(2).</summary>
internal static partial class EventFd
{
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileHandle eventfd(uint initval, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd_read(SafeFileHandle fd, out ulong value);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd_write(SafeFileHandle fd, ulong value);
}
