using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Names of files, changed so that a power failure leaves either the old or the new ones.</summary>
public static class FileName
{
    /// <summary>Gives two files each other's name, in one step.</summary>
    /// <param name="one">The one.</param>
    /// <param name="other">The other, in the same directory.</param>
    /// <returns>False where the file system cannot do that (NFS, some of FUSE).</returns>
    /// <exception cref="LinuxException">A file is missing, or may not be renamed.</exception>
    public static bool TryExchange(string one, string other)
    {
        if (Stdio.renameat2(LibC.AT_FDCWD, one, LibC.AT_FDCWD, other, Stdio.RENAME_EXCHANGE) == 0)
        {
            Flush(one);
            return true;
        }

        return Marshal.GetLastPInvokeError().IsOneOf(LibC.EINVAL, LibC.ENOSYS)
            ? false
            : throw LinuxException.FromLastError($"exchange {one} and", other);
    }

    /// <summary>Gives a file a name that no other has.</summary>
    /// <param name="from">Its name now.</param>
    /// <param name="to">Its new name, in the same directory.</param>
    /// <exception cref="LinuxException">The name is taken: EEXIST.</exception>
    public static void Change(string from, string to)
    {
        if (Stdio.renameat2(LibC.AT_FDCWD, from, LibC.AT_FDCWD, to, Stdio.RENAME_NOREPLACE) != 0)
        {
            if (!Marshal.GetLastPInvokeError().IsOneOf(LibC.EINVAL, LibC.ENOSYS))
                throw LinuxException.FromLastError($"rename {from} to", to);
            if (File.Exists(to))
                throw new LinuxException($"rename {from} to", to, LibC.EEXIST);
            File.Move(from, to, overwrite: false);
        }

        Flush(to);
    }

    /// <summary>Has what became of names in a directory on the disk.</summary>
    /// <param name="path">A file in that directory, there or not.</param>
    /// <exception cref="LinuxException">A write failed.</exception>
    public static void Flush(string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        using SafeFileHandle file = Fcntl.Open(directory, LibC.O_RDONLY | LibC.O_DIRECTORY);
        // EINVAL: this file system has no such call for directories.
        if (Unistd.fsync(file) != 0 && Marshal.GetLastPInvokeError() != LibC.EINVAL)
            throw LinuxException.FromLastError("flush", directory);
    }
}
