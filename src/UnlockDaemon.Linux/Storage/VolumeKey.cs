using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>The key that the sectors of a volume are encrypted with, in locked memory.</summary>
public sealed unsafe class VolumeKey : IDisposable
{
    // Two digests of the longest kind (SHA-512), so that the last one always has room.
    internal const int MaximumLength = 128;

    private readonly LockedMemory _memory = new(MaximumLength);

    private VolumeKey(int length) => Length = length;

    /// <summary>Length in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>The key itself.</summary>
    internal ReadOnlySpan<byte> Bytes => _memory.GetSpan()[..Length];

    /// <summary>Lets somebody write the key.</summary>
    /// <param name="fill">Given an address with room for <see cref="MaximumLength"/> bytes; returns how many it wrote.</param>
    /// <returns>The key, or null when nothing was written.</returns>
    internal static VolumeKey? TryFill(Func<nint, int> fill)
    {
        VolumeKey key = new(0);
        fixed (byte* bytes = key._memory.GetSpan())
            key.Length = fill((nint)bytes);
        if (key.Length is > 0 and <= MaximumLength)
            return key;
        key.Dispose();
        return null;
    }

    /// <summary>
    /// Hashes a passphrase to a key as cryptsetup's plain mode does (loop-AES is the case of one round): digests of
    /// the passphrase with no, one, two... letters A before it, one after the other, cut to the key's length.
    /// </summary>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="cipher">Names the hash and the length.</param>
    /// <returns>The key.</returns>
    /// <exception cref="LinuxException">libcrypto does not know the hash: EINVAL.</exception>
    public static VolumeKey Derive(Passphrase passphrase, PlainCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        ArgumentNullException.ThrowIfNull(cipher);
        VolumeKey key = new(cipher.KeyBits / 8);
        using LockedMemory message = new(MaximumLength + Passphrase.MaximumLength);
        for (int round = 0, filled = 0; filled < key.Length; round++)
        {
            message.GetSpan()[..round].Fill((byte)'A');
            passphrase.Bytes.CopyTo(message.GetSpan()[round..]);
            int size = Digest(cipher.Hash, message.GetSpan()[..(round + passphrase.Length)], key._memory.GetSpan()[filled..]);
            if (size == 0)
            {
                key.Dispose();
                throw new LinuxException("make a key with hash", cipher.Hash, Errno.EINVAL);
            }

            filled += size;
        }

        return key;
    }

    /// <summary>Wipes the key.</summary>
    public void Dispose() => ((IDisposable)_memory).Dispose();

    internal static int Digest(string hash, ReadOnlySpan<byte> message, Span<byte> target)
    {
        nint type = LibCrypto.EVP_get_digestbyname(hash);
        fixed (byte* source = message, digest = target)
        {
            return type != 0 && LibCrypto.EVP_Digest(source, (nuint)message.Length, digest, out uint size, type, 0) == 1
                ? (int)size
                : 0;
        }
    }
}
