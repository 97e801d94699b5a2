using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// A mapping that this process has open, and that the kernel takes down, with its key and its loop device, when the
/// process closes it or ends, however it ends.
/// </summary>
public sealed class OpenMapping : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;

    /// <summary>Opens a mapping that was just made, and has it go away with this object.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="write">Whether it is written to.</param>
    /// <exception cref="LinuxException">It cannot be opened; it is taken down.</exception>
    public OpenMapping(string name, bool write)
    {
        _path = "/dev/mapper/" + name;
        try
        {
            _file = Fcntl.Open(_path, write ? LibC.O_RDWR : LibC.O_RDONLY);
        }
        catch (LinuxException)
        {
            CryptDevice.Deactivate(name);
            throw;
        }

        CryptDevice.DeactivateAtLastClose(name);
        Size = Unistd.lseek(_file, 0, LibC.SEEK_END);
    }

    /// <summary>Size in bytes.</summary>
    public long Size { get; }

    /// <summary>Reads all that is asked for.</summary>
    /// <param name="buffer">Filled.</param>
    /// <param name="offset">From where, in bytes.</param>
    /// <exception cref="IOException">The disk below does not give it.</exception>
    public void Read(Span<byte> buffer, long offset)
    {
        for (int done = 0; done < buffer.Length;)
        {
            int count = RandomAccess.Read(_file, buffer[done..], offset + done);
            if (count == 0)
                throw new IOException($"{_path} ends at {offset + done} bytes");
            done += count;
        }
    }

    /// <summary>Writes.</summary>
    /// <param name="bytes">What.</param>
    /// <param name="offset">Where, in bytes.</param>
    /// <exception cref="IOException">The disk below does not take it.</exception>
    public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_file, bytes, offset);

    /// <summary>Has what was written on the disk below.</summary>
    /// <exception cref="LinuxException">A write failed.</exception>
    public void Flush()
    {
        if (Unistd.fsync(_file) != 0)
            throw LinuxException.FromLastError("flush", _path);
    }

    /// <summary>
    /// Forgets what is cached of it and of the file below, so that what is read next comes from the disk.
    /// </summary>
    /// <param name="container">The file below.</param>
    public void DropCache(string container)
    {
        using SafeFileHandle file = Fcntl.Open(container, LibC.O_RDONLY);
        _ = Ioctl.ioctl(_file, Fs.BLKFLSBUF, 0);
        _ = Fcntl.posix_fadvise(file, 0, 0, LibC.POSIX_FADV_DONTNEED);
    }

    /// <summary>Closes it; with that it goes away.</summary>
    public void Dispose() => _file.Dispose();
}
