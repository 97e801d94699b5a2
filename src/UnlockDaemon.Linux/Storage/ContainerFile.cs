using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>The file that holds the encrypted volume.</summary>
/// <param name="Path">Its path.</param>
public sealed record ContainerFile(string Path)
{
    // Smaller than this no file system with a journal fits behind a LUKS2 header of 16 MiB.
    private const long MinimumSize = 1 << 20;
    private const int Chunk = 1 << 24;
    // struct luks_phdr (LUKS1) and struct luks2_hdr_disk: the same place in both.
    private const int UuidOffset = 168;
    private const int UuidLength = 36;
    private static readonly byte[] s_luksMagic = [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE];

    /// <summary>Size in bytes.</summary>
    public long Size => (long)FileStatus.Read(Path).stx_size;

    /// <summary>The UUID of its LUKS header; null without such a header.</summary>
    public string? Uuid
    {
        get
        {
            Span<byte> start = stackalloc byte[UuidOffset + UuidLength];
            return File.Exists(Path) && ReadStart(start) == start.Length && start.StartsWith(s_luksMagic)
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
        if ((status.stx_mode & Stat.S_IFMT) == Stat.S_IFDIR)
            return $"container {Path} is a directory: volume.container must name the container file";
        if ((status.stx_mode & Stat.S_IFMT) != Stat.S_IFREG)
            return $"container {Path} is not a regular file";
        if ((long)status.stx_size < MinimumSize)
            return $"container {Path} is too small to hold a volume ({status.stx_size} bytes): it may have been truncated";
        return FindHeaderFault(luks, (long)status.stx_size);
    }

    /// <summary>Reads from its start.</summary>
    /// <param name="buffer">Filled as far as the file goes.</param>
    /// <returns>How many bytes were read.</returns>
    /// <exception cref="LinuxException">It cannot be opened or read.</exception>
    public int ReadStart(Span<byte> buffer)
    {
        return DeviceRead.Start(Path, buffer);
    }

    /// <summary>Has all of it on the disk below: its data, and the file system's word on where they are.</summary>
    /// <exception cref="LinuxException">A write failed.</exception>
    public void Flush()
    {
        using SafeFileHandle file = Fcntl.Open(Path, Fcntl.O_RDONLY | Fcntl.O_NONBLOCK);
        if (Directory.Exists(Path))
            throw new LinuxException("flush", Path, Errno.EISDIR);
        if (Unistd.fsync(file) != 0 || Unistd.syncfs(file) != 0)
            throw LinuxException.FromLastError("flush", Path);
    }

    /// <summary>Makes the file at its full size, with all its blocks, readable by its owner alone.</summary>
    /// <param name="size">Size in bytes.</param>
    /// <param name="random">Fill it with random bytes, so that nobody can tell used from unused parts.</param>
    /// <param name="progress">Told how many bytes are there.</param>
    /// <param name="cancellation">Ends the work and removes the file.</param>
    /// <exception cref="IOException">The file exists already, or the disk is full; what was made is removed.</exception>
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

    private void Fill(SafeFileHandle file, long size, bool random, IProgress<long>? progress, CancellationToken cancellation)
    {
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        byte[] buffer = random ? new byte[Chunk] : [];
        for (long done = 0; done < size; progress?.Report(done))
        {
            cancellation.ThrowIfCancellationRequested();
            long count = Math.Min(Chunk, size - done);
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

    private string? FindHeaderFault(bool luks, long size) => (luks, LuksHeader.Find(Path)) switch
    {
        (true, null) => $"container {Path} has no LUKS header: it is damaged, or volume.format is wrong (loop-aes?); "
            + "if it was overwritten, restore the header from its backup",
        (false, not null) => $"container {Path} has a LUKS header: write 'format: luks' into the configuration",
        (_, { DataOffset: { } start }) when start >= size => $"container {Path} ends before its data begin "
            + $"({size} bytes, the header wants more than {start}): it was truncated; restore it",
        _ => null,
    };
}
