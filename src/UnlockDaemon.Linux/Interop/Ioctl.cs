using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Device control. Source: sys/ioctl.h, ioctl(2).</summary>
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
