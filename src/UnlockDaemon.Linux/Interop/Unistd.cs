using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Reading, writing and flushing. Source: unistd.h, read(2), write(2), pread(2), fchown(2), fsync(2), syncfs(2).</summary>
/// <remarks>Callers give memory that holds as much as they say and does not move: pinned, on a stack, locked.</remarks>
internal static unsafe class Unistd
{
    internal static long lseek(SafeFileHandle fd, long offset, int whence)
    {
        using Descriptor file = new(fd);
        return LibC.lseek(file, offset, whence);
    }

    internal static nint read(SafeHandle fd, byte* buffer, nuint count)
    {
        using Descriptor file = new(fd);
        return (nint)(long)LibC.read(file, buffer, (size_t)count);
    }

    internal static nint pread(SafeFileHandle fd, byte* buffer, nuint count, long offset)
    {
        using Descriptor file = new(fd);
        return (nint)(long)LibC.pread(file, buffer, (size_t)count, offset);
    }

    internal static nint write(SafeHandle fd, byte* buffer, nuint count)
    {
        using Descriptor file = new(fd);
        return (nint)(long)LibC.write(file, buffer, (size_t)count);
    }

    internal static int fsync(SafeFileHandle fd)
    {
        using Descriptor file = new(fd);
        return LibC.fsync(file);
    }

    internal static int fchown(SafeFileHandle fd, uint owner, uint group)
    {
        using Descriptor file = new(fd);
        return LibC.fchown(file, owner, group);
    }

    internal static int syncfs(SafeFileHandle fd)
    {
        using Descriptor file = new(fd);
        return LibC.syncfs(file);
    }
}
