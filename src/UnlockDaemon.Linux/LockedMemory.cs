using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>
/// Memory for secrets: outside the managed heap, so the collector never copies it; locked, so it is never swapped;
/// left out of core dumps and of forked children; wiped before it is given back.
/// </summary>
/// <remarks>Pages become resident, and locked, as they are touched: a large buffer costs what is used of it.</remarks>
public sealed unsafe class LockedMemory : MemoryManager<byte>
{
    private readonly LockedMapping _mapping;

    /// <summary>Reserves and locks memory.</summary>
    /// <param name="length">Size in bytes; rounded up to whole pages by the kernel.</param>
    /// <param name="mayBeSwapped">Whether it is of use also where it cannot be locked, as nothing secret comes in.</param>
    /// <exception cref="LinuxException">The memory could not be mapped or locked (RLIMIT_MEMLOCK).</exception>
    public LockedMemory(int length, bool mayBeSwapped = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _mapping = new LockedMapping(length, mayBeSwapped);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_mapping.IsClosed, this);
        // SAFETY: the mapping has that length, and stays until this object is disposed of: callers hold it till then.
        return new Span<byte>((void*)_mapping.DangerousGetHandle(), _mapping.Length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_mapping.IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_mapping.Length);
        // SAFETY: the index lies in the mapping, which is never moved and stays until this object is disposed of.
        return new MemoryHandle((byte*)_mapping.DangerousGetHandle() + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
        // The memory is never moved.
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _mapping.Dispose();
    }
}

/// <summary>Reads secrets from files straight into locked memory: no stream, no pooled buffer in between.</summary>
public static unsafe class LockedRead
{
    /// <summary>Opens a file to read a secret from.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static SafeFileHandle Open(string path) => Fcntl.Open(path, LibC.O_RDONLY);

    /// <summary>Reads to the end.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <param name="passphrase">Takes the bytes.</param>
    /// <exception cref="LinuxException">A read failed, or there is more than a passphrase can hold: EFBIG.</exception>
    public static void All(SafeFileHandle file, string name, Passphrase passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        while (true)
        {
            if (passphrase.Free.IsEmpty)
                throw new LinuxException("take a passphrase from", name, LibC.EFBIG);
            // SAFETY: the room is in locked memory, and no more is read than it holds.
            fixed (byte* free = passphrase.Free)
            {
                nint count = Unistd.read(file, free, (nuint)passphrase.Free.Length);
                if (count < 0)
                    throw LinuxException.FromLastError("read", name);
                if (count == 0)
                    return;
                passphrase.Advance((int)count);
            }
        }
    }
}

/// <summary>Writes secrets from locked memory straight to a file: no stream, no pooled buffer in between.</summary>
public static unsafe class LockedWrite
{
    private const int StandardOutput = 1;

    /// <summary>Writes to standard output. What was written there before must have been flushed.</summary>
    /// <param name="secret">Bytes in locked memory.</param>
    /// <exception cref="LinuxException">It is closed, or its disk is full.</exception>
    public static void ToStandardOutput(ReadOnlySpan<byte> secret)
    {
        using SafeFileHandle file = new(StandardOutput, ownsHandle: false);
        while (!secret.IsEmpty)
        {
            // SAFETY: the secret is in locked memory, and as long as it says.
            fixed (byte* bytes = secret)
            {
                nint count = Unistd.write(file, bytes, (nuint)secret.Length);
                if (count < 0)
                    throw LinuxException.FromLastError("write to", "standard output");
                secret = secret[(int)count..];
            }
        }
    }
}
