using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Opening and space of files. Source: fcntl.h, open(2), posix_fallocate(3), posix_fadvise(2).</summary>
internal static unsafe class Fcntl
{
    /// <summary>Opens a file; if that fails the handle is invalid, and errno says why.</summary>
    internal static SafeFileHandle open(string path, int flags, mode_t mode)
    {
        using NativeText name = new(path);
        return new SafeFileHandle(LibC.open(name, flags, mode), ownsHandle: true);
    }

    /// <summary>Reserves space.</summary>
    /// <returns>0, or an error number; errno is not set.</returns>
    internal static int posix_fallocate(SafeFileHandle fd, long offset, long length)
    {
        using Descriptor file = new(fd);
        return LibC.posix_fallocate(file, offset, length);
    }

    internal static int posix_fadvise(SafeFileHandle fd, long offset, long length, int advice)
    {
        using Descriptor file = new(fd);
        return LibC.posix_fadvise(file, offset, length, advice);
    }

    /// <summary>Opens a file, close-on-exec.</summary>
    /// <exception cref="LinuxException">It could not be opened.</exception>
    internal static SafeFileHandle Open(string path, int flags)
    {
        SafeFileHandle file = open(path, flags | LibC.O_CLOEXEC, 0);
        if (!file.IsInvalid)
            return file;
        LinuxException failure = LinuxException.FromLastError("open", path);
        file.Dispose();
        throw failure;
    }
}
