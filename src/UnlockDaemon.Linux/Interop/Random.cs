using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>The kernel's random numbers. Source: sys/random.h, getrandom(2).</summary>
internal static unsafe partial class Random
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint getrandom(void* buf, nuint buflen, uint flags);
}
