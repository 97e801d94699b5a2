namespace UnlockDaemon.Linux.Storage;

/// <summary>Room in a file system.</summary>
/// <param name="Free">Bytes that anybody may still use.</param>
/// <param name="Size">Bytes in all.</param>
public readonly record struct DiskSpace(long Free, long Size)
{
    private const long MinimumReserve = 64L << 20;
    private const long MaximumReserve = 1L << 30;

    /// <summary>
    /// Bytes that a container leaves to the rest of the system: a fiftieth of the disk, 64 MiB at least and 1 GiB at
    /// most.
    /// </summary>
    public long Reserve => Math.Clamp(Size / 50, MinimumReserve, MaximumReserve);

    /// <summary>Looks at the file system that a file lies in.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its room now.</returns>
    /// <exception cref="IOException">There is no such directory.</exception>
    public static DiskSpace Around(string path) =>
        Of(Path.GetDirectoryName(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path)!);

    /// <summary>Looks at the file system that a directory lies in.</summary>
    /// <param name="directory">The directory.</param>
    /// <returns>Its room now.</returns>
    /// <exception cref="IOException">There is no such directory.</exception>
    public static DiskSpace Of(string directory)
    {
        DriveInfo drive = new(directory);
        return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
    }

    /// <summary>Says why so much more does not fit.</summary>
    /// <param name="path">A file in this file system, for the message.</param>
    /// <param name="bytes">How much more.</param>
    /// <returns>The reason with its figures, as a sentence for the operator; null when it fits.</returns>
    public string? Refuse(string path, long bytes) => bytes <= Free - Reserve
        ? null
        : $"{Sizes.Text(bytes)} more do not fit on the disk of {path}: it has {Sizes.Text(Free)} left, of which "
            + $"{Sizes.Text(Reserve)} stay in reserve; make room for {Sizes.Text(bytes + Reserve - Free)} "
            + $"('df -h {path}')";
}
