using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>
/// Text of /proc and /sys. The runtime's own classes also lock every file and look at it: twice the calls, where a lock
/// reads some hundreds of files.
/// </summary>
internal static class KernelText
{
    // What the kernel gives at once.
    private const int Page = 4096;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>Null where it cannot be read: those of a process may be gone at any time.</returns>
    internal static unsafe string? TryRead(string path)
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
            fixed (byte* free = &content[length])
                count = Unistd.read(file, free, (nuint)(content.Length - length));
            if (count < 0)
                return null;
            if (count == 0)
                return Encoding.UTF8.GetString(content, 0, length);
            length += (int)count;
        }
    }

    /// <summary>Reads a file's lines.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>None where it cannot be read.</returns>
    internal static string[] Lines(string path) =>
        TryRead(path)?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
