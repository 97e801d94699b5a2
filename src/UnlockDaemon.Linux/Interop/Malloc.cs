using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>The C library's heap. Source: malloc.h, malloc_trim(3).</summary>
internal static partial class Malloc
{
    [LibraryImport("libc")]
    internal static partial int malloc_trim(nuint pad);
}
