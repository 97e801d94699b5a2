using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Reads of files and devices whose disk may fail: the error is the kernel's own.</summary>
public static class DeviceRead
{
    /// <summary>Reads from its start.</summary>
    /// <param name="path">The file or device.</param>
    /// <param name="buffer">Filled as far as the file goes.</param>
    /// <returns>How many bytes were read.</returns>
    /// <exception cref="LinuxException">It cannot be opened or read.</exception>
    public static int Start(string path, Span<byte> buffer) => At(path, 0, buffer);

    /// <summary>Reads from a place in it.</summary>
    /// <param name="path">The file or device.</param>
    /// <param name="offset">The place, in bytes.</param>
    /// <param name="buffer">Filled as far as the file goes.</param>
    /// <returns>How many bytes were read; none of what has no places in it, such as a pipe.</returns>
    /// <exception cref="LinuxException">It cannot be opened or read.</exception>
    public static unsafe int At(string path, long offset, Span<byte> buffer)
    {
        // A pipe would be waited for until somebody writes to it.
        using SafeFileHandle file = Fcntl.Open(path, LibC.O_RDONLY | LibC.O_NONBLOCK);
        if (Unistd.lseek(file, 0, LibC.SEEK_END) < 0)
            return 0;
        // SAFETY: the buffer is pinned, and no more is read than it holds.
        fixed (byte* bytes = buffer)
        {
            nint count = Unistd.pread(file, bytes, (nuint)buffer.Length, offset);
            return count < 0 ? throw LinuxException.FromLastError("read", path) : (int)count;
        }
    }
}

/// <summary>What sysfs says of every block device.</summary>
internal static class BlockDevice
{
    /// <summary>The kernel counts in sectors of so many bytes, whatever the device's own are.</summary>
    internal const int SectorSize = 512;

    /// <summary>Size in bytes.</summary>
    /// <param name="sysfsPath">Its directory, such as /sys/block/dm-0.</param>
    /// <exception cref="LinuxException">There is no such device.</exception>
    internal static long SizeOf(string sysfsPath) =>
        long.Parse(KernelText.Read(sysfsPath + "/size").AsSpan().Trim()) * SectorSize;
}
