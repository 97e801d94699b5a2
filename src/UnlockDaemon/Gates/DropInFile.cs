using Tmds.Linux;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Gates;

/// <summary>Reads, writes and removes one drop-in of a unit, with its directory.</summary>
internal static class DropInFile
{
    private const int LargestErrno = 4095;

    /// <summary>Reads it; null if there is none.</summary>
    internal static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure("read", path, exception);
        }
    }

    /// <summary>Writes it whole or not at all.</summary>
    internal static void Write(string path, byte[] content)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // The draft is nothing to systemd, which reads files that end in ".conf" only.
            WholeFile.Write(path, content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure("write", path, exception);
        }
    }

    /// <summary>Removes it, and its directory if that is then empty.</summary>
    internal static void Remove(string path)
    {
        try
        {
            File.Delete(path);
            string directory = Path.GetDirectoryName(path)!;
            if (!Directory.EnumerateFileSystemEntries(directory).Any())
                Directory.Delete(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure("remove", path, exception);
        }
    }

    private static LinuxException Failure(string operation, string path, Exception exception) =>
        new(operation, path, exception switch
        {
            UnauthorizedAccessException => LibC.EACCES,
            FileNotFoundException or DirectoryNotFoundException => LibC.ENOENT,

            // The runtime gives other errors as they are.
            { HResult: > 0 and <= LargestErrno } => exception.HResult,
            _ => LibC.EIO,
        });
}
