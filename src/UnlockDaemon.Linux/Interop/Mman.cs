using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Memory mappings. Source: sys/mman.h, mmap(2), mlock2(2), madvise(2).</summary>
internal static partial class Mman
{
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int MAP_PRIVATE = 0x02;
    internal const int MAP_ANONYMOUS = 0x20;
    internal const uint MLOCK_ONFAULT = 1;
    internal const int MADV_DONTNEED = 4;
    internal const int MADV_DONTDUMP = 16;
    internal const int MADV_WIPEONFORK = 18;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(nint addr, nuint length, int prot, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint addr, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mlock2(nint addr, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(nint addr, nuint length, int advice);
}
