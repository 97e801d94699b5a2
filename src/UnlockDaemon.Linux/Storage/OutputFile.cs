using Tmds.Linux;

namespace UnlockDaemon.Linux.Storage;

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
