using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Locks on whole files. Source: sys/file.h, flock(2).</summary>
internal static partial class FileLock
{
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
    internal const int LOCK_UN = 8;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle fd, int operation);
}
