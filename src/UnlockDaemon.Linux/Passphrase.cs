using System.Security.Cryptography;
using System.Text.Unicode;

namespace UnlockDaemon.Linux;

/// <summary>A passphrase: exact bytes in one locked page, never a string, wiped when disposed.</summary>
/// <remarks>Bytes, because a volume made on a KOI8-R console has a KOI8-R passphrase.</remarks>
public sealed class Passphrase : IDisposable
{
    /// <summary>The longest passphrase, in bytes: one page.</summary>
    public const int MaximumLength = 4096;

    private readonly LockedMemory _memory = new(MaximumLength);

    /// <summary>How many bytes it has.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes. The span is dead once the passphrase is disposed.</summary>
    public ReadOnlySpan<byte> Bytes => _memory.GetSpan()[..Length];

    /// <summary>The room behind the bytes, for a read straight into it; follow with <see cref="Advance"/>.</summary>
    public Span<byte> Free => _memory.GetSpan()[Length..];

    /// <summary>Takes bytes that were written to <see cref="Free"/>.</summary>
    /// <param name="count">How many.</param>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(MaximumLength - Length));
        Length += count;
    }

    /// <summary>Appends one byte.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>Whether there was room for it.</returns>
    public bool TryAppend(byte value)
    {
        if (Length == MaximumLength)
            return false;
        Free[0] = value;
        Length++;
        return true;
    }

    /// <summary>Removes the last character: one byte, or a whole UTF-8 sequence.</summary>
    /// <param name="utf8">
    /// Whether the bytes were typed on a UTF-8 terminal. Serial lines and those of a hypervisor do not say so, whatever is
    /// at their other end: there what is valid UTF-8 is taken for it, which text in KOI8-R hardly ever is.
    /// </param>
    public void RemoveLastCharacter(bool utf8)
    {
        utf8 |= Utf8.IsValid(Bytes);
        int keep = Length;
        do
            keep--;
        while (utf8 && keep > 0 && (Bytes[keep] & 0xC0) == 0x80);
        Truncate(Math.Max(keep, 0));
    }

    /// <summary>Another one with the same bytes, in locked memory of its own.</summary>
    /// <returns>The copy, to be disposed by the caller.</returns>
    public Passphrase Copy()
    {
        Passphrase copy = new();
        Bytes.CopyTo(copy.Free);
        copy.Advance(Length);
        return copy;
    }

    /// <summary>Wipes the bytes and starts again.</summary>
    public void Clear() => Truncate(0);

    /// <summary>Wipes the bytes and gives the memory back.</summary>
    public void Dispose() => ((IDisposable)_memory).Dispose();

    private void Truncate(int length)
    {
        CryptographicOperations.ZeroMemory(_memory.GetSpan()[length..Length]);
        Length = length;
    }
}
