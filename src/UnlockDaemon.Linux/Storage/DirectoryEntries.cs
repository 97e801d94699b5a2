using System.Runtime.InteropServices;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// Lists directories of /proc and /sys. The runtime's own classes look at the target of every symbolic link, which
/// there is nearly every entry: a lock would make thousands of calls more.
/// </summary>
internal static class DirectoryEntries
{
    /// <summary>Lists a directory.</summary>
    /// <param name="directory">Its path.</param>
    /// <param name="prefix">How the names begin.</param>
    /// <returns>Paths, in no order; none of a directory that has gone, as that of a process may at any time.</returns>
    /// <exception cref="LinuxException">It cannot be listed.</exception>
    internal static string[] Of(string directory, string prefix = "")
    {
        nint stream = Dirent.opendir(directory);
        if (stream == 0)
            return IsGone(Marshal.GetLastPInvokeError()) ? [] : throw LinuxException.FromLastError("list", directory);
        try
        {
            List<string> paths = [];
            nint entry;
            while ((entry = Dirent.readdir(stream)) != 0)
            {
                // SAFETY: the name lies in the entry, ends with a zero byte, and is there until the next call.
                string name = Marshal.PtrToStringUTF8(entry + Dirent.NameOffset)!;
                if (name is not ("." or "..") && name.StartsWith(prefix, StringComparison.Ordinal))
                    paths.Add($"{directory}/{name}");
            }

            int error = Marshal.GetLastPInvokeError();
            return error == 0 || IsGone(error)
                ? [.. paths]
                : throw LinuxException.FromLastError("list", directory);
        }
        finally
        {
            _ = Dirent.closedir(stream);
        }
    }

    private static bool IsGone(int error) =>
        error.IsOneOf(LibC.ENOENT, LibC.ENOTDIR, LibC.ESRCH, LibC.EACCES, LibC.EPERM);
}
