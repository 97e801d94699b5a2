using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A file that only its owner may open, for a lock between processes of that user.</summary>
public static class OwnFile
{
    /// <summary>Makes it if it is not there, and locks it; the kernel ends the lock with the process.</summary>
    /// <param name="path">Its path, in a directory where nobody else may make files.</param>
    /// <returns>The file; null when another process has it locked.</returns>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static SafeFileHandle? TryLock(string path)
    {
        const ushort OwnerOnly = 0x180; // 0600
        SafeFileHandle file = Fcntl.open(path, LibC.O_RDWR | LibC.O_CREAT | LibC.O_CLOEXEC | LibC.O_NOFOLLOW, OwnerOnly);
        if (file.IsInvalid)
            throw LinuxException.FromLastError("open", path);
        if (FileLock.flock(file, FileLock.LOCK_EX | FileLock.LOCK_NB) == 0)
            return file;
        file.Dispose();
        return null;
    }
}

/// <summary>A file that an operator has named for output.</summary>
public static class OutputFile
{
    /// <summary>
    /// Writes it: a regular file is written whole or not at all. A device, a pipe, or a symbolic link such as
    /// /dev/stdout stays what it is and is written to, as by a shell's "&gt;".
    /// </summary>
    /// <param name="path">Its path.</param>
    /// <param name="content">What is written.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (!IsToBeKept(path))
        {
            WholeFile.Write(path, content);
            return;
        }

        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        file.Write(content);
    }

    private static bool IsToBeKept(string path) =>
        new FileInfo(path).LinkTarget is not null
        || (FileStatus.TryRead(path) is { } status
            && !status.IsOfType(LibC.S_IFREG) && !status.IsOfType(LibC.S_IFDIR));
}
