using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>
/// Text of /proc and /sys. The runtime's own classes lock what they open (flock(2)), and those files anybody may hold
/// locked; that is switched off for the whole program as well (System.IO.DisableFileLocking).
/// </summary>
public static class KernelText
{
    // What the kernel gives at once.
    private const int Page = 4096;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>Null where it cannot be read: those of a process may be gone at any time.</returns>
    public static unsafe string? TryRead(string path)
    {
        using SafeFileHandle file = Fcntl.open(path, LibC.O_RDONLY | LibC.O_CLOEXEC, 0);
        if (file.IsInvalid)
            return null;
        byte[] content = new byte[Page];
        int length = 0;
        while (true)
        {
            if (length == content.Length)
                Array.Resize(ref content, 2 * length);
            nint count;
            // SAFETY: the rest of the array is pinned, and no more is read than it holds.
            fixed (byte* free = &content[length])
                count = Unistd.read(file, free, (nuint)(content.Length - length));
            if (count < 0)
                return null;
            if (count == 0)
                return Encoding.UTF8.GetString(content, 0, length);
            length += (int)count;
        }
    }

    /// <summary>Reads a file that is there.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>All of it.</returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static string Read(string path) => TryRead(path) ?? throw LinuxException.FromLastError("read", path);

    /// <summary>Reads a file's lines.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>None where it cannot be read.</returns>
    public static string[] Lines(string path) =>
        TryRead(path)?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
