using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Reads of files and devices whose disk may fail.</summary>
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
    public static int At(string path, long offset, Span<byte> buffer)
    {
        // A pipe would be waited for until somebody writes to it.
        using SafeFileHandle file = Fcntl.Open(path, Fcntl.O_RDONLY | Fcntl.O_NONBLOCK);
        if (Unistd.lseek(file, 0, Unistd.SEEK_END) < 0)
            return 0;
        try
        {
            return RandomAccess.Read(file, buffer, offset);
        }
        catch (IOException failure)
        {
            // The runtime gives error numbers that it has no exception for as they are.
            throw new LinuxException("read", path, failure.HResult is > 0 and < 4096 ? failure.HResult : Errno.EIO);
        }
    }
}
