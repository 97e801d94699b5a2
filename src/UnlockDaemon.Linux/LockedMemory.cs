using System.Buffers;
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
