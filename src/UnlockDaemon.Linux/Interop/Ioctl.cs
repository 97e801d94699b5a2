using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Device control. Source: sys/ioctl.h, ioctl(2).</summary>
/// <remarks>
/// Variadic in C, as open, prctl and syscall are: on Linux, x86-64 and arm64 alike, integers and pointers are passed to
/// such a function as to any other. Callers give the address of what the request wants, on their stack.
/// </remarks>
internal static unsafe class Ioctl
{
    internal static int ioctl(SafeFileHandle fd, uint request, int argument)
    {
        using Descriptor file = new(fd);
        return LibC.ioctl(file, (int)request, argument);
    }

    internal static int ioctl(SafeFileHandle fd, uint request, void* argument)
    {
        using Descriptor file = new(fd);
        return LibC.ioctl(file, (int)request, argument);
    }
}
