using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Processes by descriptor. Source: sys/pidfd.h (glibc 2.36), pidfd_open(2), pidfd_send_signal(2).</summary>
internal static partial class PidFd
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileHandle pidfd_open(int pid, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int pidfd_send_signal(SafeFileHandle pidfd, int signal, nint info, uint flags);
}
