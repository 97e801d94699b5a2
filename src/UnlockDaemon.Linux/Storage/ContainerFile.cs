using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>The file, or the block device, that holds the encrypted volume.</summary>
/// <param name="Path">Its path.</param>
public sealed record ContainerFile(string Path)
{
    // Smaller than this no file system with a journal fits behind a LUKS2 header of 16 MiB.
    private const long MinimumSize = 1 << 20;
    private const int Chunk = 1 << 24;
    // No data are written: a call takes milliseconds, and between two of them the work can be ended.
    private const int AllocationChunk = 1 << 28;
    // struct luks_phdr (LUKS1) and struct luks2_hdr_disk: the same place in both.
    private const int UuidOffset = 168;
    private const int UuidLength = 36;

    /// <summary>Size in bytes.</summary>
    /// <exception cref="LinuxException">It cannot be looked at.</exception>
    public long Size
    {
        get
        {
            Stat.statx status = FileStatus.Read(Path);
            return IsBlock(status) ? MeasureDevice() : (long)status.stx_size;
        }
    }

    /// <summary>
    /// Whether it is a block device (a disk, a partition, a logical volume): it needs no loop device.
    /// </summary>
    public bool IsBlockDevice => FileStatus.TryRead(Path) is { } status && IsBlock(status);

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => FileStatus.TryRead(Path) is { } status && status.IsOfType(LibC.S_IFREG);

    /// <summary>Its number, if it is a block device; null for a file, or nothing.</summary>
    public DeviceNumber? DeviceNumber => FileStatus.TryRead(Path) is { } status && IsBlock(status)
        ? new(status.stx_rdev_major, status.stx_rdev_minor)
        : null;

    /// <summary>
    /// Bytes that the file system below has given it blocks for; less than <see cref="Size"/> when it is sparse.
    /// </summary>
    public long Allocated => (long)FileStatus.Read(Path).stx_blocks * BlockDevice.SectorSize;

    /// <summary>The UUID of its LUKS header; null without such a header.</summary>
    public string? Uuid
    {
        get
        {
            Span<byte> start = stackalloc byte[UuidOffset + UuidLength];
            return File.Exists(Path) && ReadStart(start) == start.Length && start.StartsWith(LuksSummary.Magic)
                ? Encoding.ASCII.GetString(start[UuidOffset..])
                : null;
        }
    }

    /// <summary>Says why it cannot be a container: it is missing, a directory, or too small.</summary>
    /// <param name="luks">Whether a LUKS header must be on it.</param>
    /// <returns>The reason, as a sentence for the operator, or null.</returns>
    public string? FindFault(bool luks)
    {
        if (FileStatus.TryRead(Path) is not { } status)
            return $"container {Path} is missing: restore it, or make one with 'unlockctl create {Path} --size 10G'";
        if (status.IsOfType(LibC.S_IFDIR))
            return $"container {Path} is a directory: volume.container must name the container file";
        if (!status.IsOfType(LibC.S_IFREG) && !IsBlock(status))
            return $"container {Path} is neither a regular file nor a block device";
        long size = Size;
        return size < MinimumSize
            ? $"container {Path} is too small to hold a volume ({size} bytes): it may have been truncated"
            : FindHeaderFault(luks, size);
    }

    /// <summary>Reads from its start.</summary>
    /// <param name="buffer">Filled as far as the file goes.</param>
    /// <returns>How many bytes were read.</returns>
    /// <exception cref="LinuxException">It cannot be opened or read.</exception>
    public int ReadStart(Span<byte> buffer) => Read(buffer, 0);

    /// <summary>Reads from somewhere in it.</summary>
    /// <param name="buffer">Filled as far as the file goes.</param>
    /// <param name="offset">Where, in bytes.</param>
    /// <returns>How many bytes were read.</returns>
    /// <exception cref="LinuxException">It cannot be opened or read.</exception>
    public int Read(Span<byte> buffer, long offset) => DeviceRead.At(Path, offset, buffer);

    /// <summary>Has all of it on the disk below: its data, and the file system's word on where they are.</summary>
    /// <exception cref="LinuxException">A write failed.</exception>
    public void Flush()
    {
        using SafeFileHandle file = Fcntl.Open(Path, LibC.O_RDONLY | LibC.O_NONBLOCK);
        if (Directory.Exists(Path))
            throw new LinuxException("flush", Path, LibC.EISDIR);
        if (Unistd.fsync(file) != 0 || Unistd.syncfs(file) != 0)
            throw LinuxException.FromLastError("flush", Path);
    }

    /// <summary>Makes the file at its full size, with all its blocks, readable by its owner alone.</summary>
    /// <param name="size">Size in bytes.</param>
    /// <param name="random">Fill it with random bytes, so that nobody can tell used from unused parts.</param>
    /// <param name="progress">Told how many bytes are there.</param>
    /// <param name="cancellation">Ends the work and removes the file.</param>
    /// <exception cref="IOException">
    /// The file exists already, or the disk is full; what was made is removed.
    /// </exception>
    public void Allocate(long size, bool random, IProgress<long>? progress, CancellationToken cancellation)
    {
        using (SafeFileHandle file = File.OpenHandle(Path, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            try
            {
                Fill(file, size, random, progress, cancellation);
                return;
            }
            catch
            {
                File.Delete(Path);
                throw;
            }
        }
    }

    /// <summary>Appends blocks to the file until it has a size, and has that on the disk below.</summary>
    /// <param name="size">The new size in bytes, not less than <see cref="Size"/>.</param>
    /// <param name="progress">Told the size reached.</param>
    /// <param name="cancellation">Ends the work between two steps; the file keeps what it has got.</param>
    /// <exception cref="LinuxException">The disk below is full; the file is again as large as it was.</exception>
    public void Grow(long size, IProgress<long>? progress, CancellationToken cancellation)
    {
        using SafeFileHandle file = Fcntl.Open(Path, LibC.O_RDWR);
        long before = RandomAccess.GetLength(file);
        try
        {
            for (long done = before; done < size; progress?.Report(done))
            {
                cancellation.ThrowIfCancellationRequested();
                long count = Math.Min(Chunk, size - done);
                if (Fcntl.posix_fallocate(file, done, count) is var error and not 0)
                    throw new LinuxException($"allocate {size} bytes for", Path, error);
                done += count;
            }
        }
        catch (LinuxException)
        {
            RandomAccess.SetLength(file, before);
            throw;
        }

        // The file system inside must not know of blocks that a power failure takes from the file.
        if (Unistd.fsync(file) != 0)
            throw LinuxException.FromLastError("flush", Path);
    }

    private void Fill(SafeFileHandle file, long size, bool random, IProgress<long>? progress,
        CancellationToken cancellation)
    {
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        byte[] buffer = random ? new byte[Chunk] : [];
        for (long done = 0; done < size; progress?.Report(done))
        {
            cancellation.ThrowIfCancellationRequested();
            long count = Math.Min(random ? Chunk : AllocationChunk, size - done);
            if (random)
            {
                RandomNumberGenerator.Fill(buffer);
                RandomAccess.Write(file, buffer.AsSpan(0, (int)count), done);
            }
            else if (Fcntl.posix_fallocate(file, done, count) is var error and not 0)
            {
                throw new LinuxException($"allocate {size} bytes for", Path, error);
            }

            done += count;
        }
    }

    /// <summary>Whether it begins as a LUKS container, or a detached header of one, does.</summary>
    public bool HasLuksHeader
    {
        get
        {
            Span<byte> magic = stackalloc byte[LuksSummary.Magic.Length];
            return ReadStart(magic) == magic.Length && magic.SequenceEqual(LuksSummary.Magic);
        }
    }

    private static bool IsBlock(in Stat.statx status) => status.IsOfType(LibC.S_IFBLK);

    /// <summary>A device node has no size of its own.</summary>
    private long MeasureDevice()
    {
        using SafeFileHandle device = Fcntl.Open(Path, LibC.O_RDONLY);
        long size = Unistd.lseek(device, 0, LibC.SEEK_END);
        return size >= 0 ? size : throw LinuxException.FromLastError("measure", Path);
    }

    private string? FindHeaderFault(bool luks, long size)
    {
        LuksSummary? header = LuksSummary.TryRead(this);
        return (luks, header is not null || HasLuksHeader) switch
        {
            (true, false) => $"container {Path} has no LUKS header: it is damaged, or volume.format is wrong "
                + "(loop-aes?); if it was overwritten, restore the header from its backup",
            (false, true) => $"container {Path} has a LUKS header: write 'format: luks' into the configuration",
            _ when header?.IsInReencryption == true => $"container {Path} is being encrypted anew, and only a part of it "
                + $"has its new key: finish that ('cryptsetup reencrypt --resume-only {Path}')",
            _ when header?.DataOffset >= size => $"container {Path} ends before its data begin "
                + $"({size} bytes, the header wants more than {header.DataOffset}): it was truncated; restore it",
            _ => null,
        };
    }

    /// <summary>Its path; what a record shows by itself would open the device.</summary>
    public override string ToString() => Path;
}
