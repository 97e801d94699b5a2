namespace UnlockDaemon.Linux;

/// <summary>A file that is written whole or not at all: under another name first, and then renamed.</summary>
public static class WholeFile
{
    /// <summary>Writes it.</summary>
    /// <param name="path">Its path; ".new" is appended to it for the draft.</param>
    /// <param name="content">What it shall hold.</param>
    /// <param name="durable">
    /// Whether it is on the disk before it is renamed; not needed for what a crash may take.
    /// </param>
    /// <param name="mode">Its mode; null for that of a new file.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool durable = true, UnixFileMode? mode = null)
    {
        string draft = path + ".new";
        File.Delete(draft);
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = mode,
        };
        using (FileStream file = new(draft, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: durable);
        }

        File.Move(draft, path, overwrite: true);
    }
}
