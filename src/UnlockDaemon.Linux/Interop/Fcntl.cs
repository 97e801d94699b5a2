using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Linux.Interop;

/// <summary>
/// Opening and space of files. Source: fcntl.h, sys/file.h, open(2), fallocate(2), posix_fadvise(2), flock(2).
/// </summary>
internal static partial class Fcntl
{
    internal const int O_RDONLY = 0;
    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_EXCL = 0x80;
    internal const int O_NOCTTY = 0x100;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_DIRECTORY = 0x10000;
    internal const int O_CLOEXEC = 0x80000;
    internal const int POSIX_FADV_DONTNEED = 4;
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
    internal const int LOCK_UN = 8;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int posix_fallocate(SafeFileHandle fd, long offset, long length);

    [LibraryImport("libc")]
    internal static partial int posix_fadvise(SafeFileHandle fd, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle fd, int operation);

    /// <summary>Opens a file, close-on-exec.</summary>
    /// <exception cref="LinuxException">It could not be opened.</exception>
    internal static SafeFileHandle Open(string path, int flags)
    {
        SafeFileHandle file = open(path, flags | O_CLOEXEC, 0);
        if (!file.IsInvalid)
            return file;
        LinuxException failure = LinuxException.FromLastError("open", path);
        file.Dispose();
        throw failure;
    }
}
