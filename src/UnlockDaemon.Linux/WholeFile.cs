using UnlockDaemon.Linux.Interop;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Linux;

/// <summary>A file that is written whole or not at all: under another name first, and then renamed.</summary>
public static class WholeFile
{
    private const UnixFileMode AllModes = (UnixFileMode)0xFFF;

    /// <summary>
    /// Writes it. One that is there keeps its owner and its mode; a symbolic link stays one, and what it leads to is
    /// written.
    /// </summary>
    /// <param name="path">Its path; a draft lies beside it for a moment, under a name that nothing else has.</param>
    /// <param name="content">What it shall hold.</param>
    /// <param name="durable">Whether it, and its name, are on the disk afterwards; a crash may take the rest.</param>
    /// <param name="mode">Its mode if it is not there yet; null for that of a new file.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool durable = true, UnixFileMode? mode = null)
    {
        FileInfo given = new(path);
        string target = given.LinkTarget is null ? path : given.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        string draft = $"{target}.{Path.GetRandomFileName()}.new";
        try
        {
            WriteDraft(draft, content, durable, mode, FileStatus.TryRead(target));
            File.Move(draft, target, overwrite: true);
            if (durable)
                FileName.Flush(target);
        }
        catch (LinuxException failure)
        {
            File.Delete(draft);
            throw new IOException(failure.Message, failure);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }

    private static void WriteDraft(
        string draft, ReadOnlySpan<byte> content, bool durable, UnixFileMode? mode, Stat.statx? before)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            // Nobody reads it before it belongs to whom it did.
            UnixCreateMode = before is null ? mode : UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using FileStream file = new(draft, options);
        file.Write(content);
        if (before is { } status)
        {
            if (Unistd.fchown(file.SafeFileHandle, status.stx_uid, status.stx_gid) != 0)
                throw LinuxException.FromLastError("give to its owner", draft);
            File.SetUnixFileMode(file.SafeFileHandle, (UnixFileMode)status.stx_mode & AllModes);
        }

        file.Flush(flushToDisk: durable);
    }
}
