using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>A counter to wake a thread that polls. Source: sys/eventfd.h, eventfd(2).</summary>
internal static partial class EventFd
{
    internal static SafeFileHandle eventfd(uint initval, int flags) =>
        new(LibC.eventfd(initval, flags), ownsHandle: true);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd_read(SafeFileHandle fd, out ulong value);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd_write(SafeFileHandle fd, ulong value);
}
