using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Device control. Source: sys/ioctl.h, ioctl(2); inode flags: linux/fs.h, ioctl_iflags(2).</summary>
/// <remarks>
/// ioctl is variadic in C; with integer and pointer arguments the x86-64 calling convention is the same.
/// </remarks>
internal static unsafe partial class Ioctl
{
    internal const ulong FS_IOC_GETFLAGS = 0x80086601;
    internal const ulong FS_IOC_SETFLAGS = 0x40086602;
    internal const ulong BLKFLSBUF = 0x1261; // linux/fs.h
    internal const int FS_IMMUTABLE_FL = 0x10;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle fd, ulong request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle fd, ulong request, void* argument);
}
