using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A file with a LUKS header alone: a backup.</summary>
/// <param name="Path">Its path.</param>
public sealed record LuksHeaderFile(string Path)
{
    /// <summary>Begins the name of a mapping that a header is tried with; a process's number follows.</summary>
    public const string MappingPrefix = "unlockd-restore-";

    private const int Chunk = 1 << 20;

    /// <summary>Writes it over the header of a container, whatever is there.</summary>
    /// <param name="container">The container; locked.</param>
    /// <exception cref="LinuxException">
    /// It could not be written, or its layout is not that of the container.
    /// </exception>
    public void WriteTo(string container)
    {
        using CryptContext context = CryptContexts.Open(container);
        CryptContexts.Check(
            LibCryptSetup.crypt_header_restore(context, null, Path), $"write the header in {Path} to", container);
    }

    /// <summary>Copies what a container has where this header belongs, header or not.</summary>
    /// <param name="container">The container.</param>
    /// <param name="length">How many bytes from its start.</param>
    /// <param name="target">A new file, readable by its owner alone.</param>
    /// <exception cref="IOException">The file exists, or the disk is full.</exception>
    public static void KeepOld(string container, long length, string target)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        };
        using SafeFileHandle source = Fcntl.Open(container, LibC.O_RDONLY);
        using FileStream copy = new(target, options);
        byte[] buffer = new byte[Chunk];
        for (long done = 0; done < length;)
        {
            int count = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(Chunk, length - done)), done);
            if (count == 0)
                break;
            copy.Write(buffer, 0, count);
            done += count;
        }

        copy.Flush(flushToDisk: true);
    }

    /// <summary>Looks, reading only, what this header makes of a container's data.</summary>
    /// <param name="container">The container; locked.</param>
    /// <param name="key">The volume key of this header.</param>
    /// <returns>The file system in it, or null: it is not the header of this container.</returns>
    /// <exception cref="LinuxException">The container could not be mapped.</exception>
    public Superblock? FindFilesystem(string container, VolumeKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (new ContainerFile(container).IsBlockDevice)
            return FindFilesystemOn(container, key);
        LoopDevice loop = LoopDevice.Attach(container);
        try
        {
            return FindFilesystemOn(loop.Path, key);
        }
        finally
        {
            loop.Detach();
        }
    }

    private Superblock? FindFilesystemOn(string device, VolumeKey key)
    {
        string name = MappingPrefix + Environment.ProcessId;
        CryptDevice.ActivateReadOnly(Path, device, name, key);
        try
        {
            using SafeFileHandle mapping = Fcntl.Open("/dev/mapper/" + name, LibC.O_RDONLY);
            byte[] start = new byte[Superblock.Length];
            return RandomAccess.Read(mapping, start, 0) == start.Length
                ? Superblock.TryParse(start, DateTimeOffset.UtcNow)
                : null;
        }
        finally
        {
            CryptDevice.Deactivate(name);
        }
    }
}
