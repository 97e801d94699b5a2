using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>The key that the sectors of a volume are encrypted with, in locked memory.</summary>
public sealed unsafe class VolumeKey : IDisposable
{
    // 65 keys of loop-AES, and a digest of the longest kind (SHA-512) behind them, so that the last one has room.
    internal const int MaximumLength = ((KeyLines.Many + 1) * 32) + 64;

    private readonly LockedMemory _memory = new(MaximumLength);

    private VolumeKey(int length) => Length = length;

    /// <summary>Length in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>The key itself.</summary>
    internal ReadOnlySpan<byte> Bytes => Writable;

    /// <summary>The same, to be changed.</summary>
    internal Span<byte> Writable => _memory.GetSpan()[..Length];

    /// <summary>Tells keys apart without giving them away: the first half of a digest.</summary>
    /// <param name="length">How much of the key counts, in bytes.</param>
    /// <returns>Hexadecimal digits.</returns>
    public string Fingerprint(int length)
    {
        using LockedMemory digest = new(64);
        int size = Digest("SHA256", Bytes[..Math.Min(length, Length)], digest.GetSpan());
        return Convert.ToHexString(digest.GetSpan()[..(size / 2)]);
    }

    /// <summary>Lets somebody write the key.</summary>
    /// <param name="fill">
    /// Given an address with room for <see cref="MaximumLength"/> bytes; returns how many it wrote.
    /// </param>
    /// <returns>The key, or null when nothing was written.</returns>
    internal static VolumeKey? TryFill(Func<nint, int> fill)
    {
        VolumeKey key = new(0);
        // SAFETY: the memory is locked and has the promised size; it is the key's, which outlives the call.
        fixed (byte* bytes = key._memory.GetSpan())
            key.Length = fill((nint)bytes);
        if (key.Length is > 0 and <= MaximumLength)
            return key;
        key.Dispose();
        return null;
    }

    /// <summary>Makes the key of a container without a header from its passphrase.</summary>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="cipher">Names the hash and the length.</param>
    /// <returns>The key.</returns>
    /// <exception cref="LinuxException">libcrypto does not know the hash: EINVAL.</exception>
    public static VolumeKey Derive(Passphrase passphrase, PlainCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        return Derive(passphrase.Bytes, cipher);
    }

    /// <summary>
    /// Makes the key of a loop-AES container from a key file: a digest of each line, one after the other.
    /// </summary>
    /// <param name="lines">The lines; a single one is a passphrase.</param>
    /// <param name="cipher">Names the hash and the length.</param>
    /// <returns>The key.</returns>
    /// <exception cref="LinuxException">libcrypto does not know the hash: EINVAL.</exception>
    public static VolumeKey Derive(KeyLines lines, PlainCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(cipher);
        if (lines.Count == 1)
            return Derive(lines[0], cipher);
        int size = cipher.KeyBits / 8;
        VolumeKey key = new(size * lines.Count);
        // Marks the version; source: loopaes.c of cryptsetup, get_tweak.
        byte tweak = lines.Count == KeyLines.Many ? (byte)0x55 : (byte)0xF4;
        PlainCipher once = cipher with { Seed = "", Iterations = 0 };
        for (int i = 0; i < lines.Count; i++)
        {
            using VolumeKey one = Derive(lines[i], once);
            one.Bytes.CopyTo(key._memory.GetSpan()[(i * size)..]);
            key._memory.GetSpan()[i * size] ^= tweak;
        }

        return key;
    }

    /// <summary>Wipes the key.</summary>
    public void Dispose() => ((IDisposable)_memory).Dispose();

    /// <summary>Makes a key of a hashed passphrase.</summary>
    internal static VolumeKey Hash(HashedPassphrase hashed, int length)
    {
        VolumeKey key = new(length);
        try
        {
            hashed.Fill(key._memory.GetSpan(), length);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    internal static int Digest(string hash, ReadOnlySpan<byte> message, Span<byte> target)
    {
        nint type = LibCrypto.EVP_get_digestbyname(hash);
        // SAFETY: both are pinned, and callers leave room for the whole digest.
        fixed (byte* source = message, digest = target)
        {
            return type != 0 && LibCrypto.EVP_Digest(source, (nuint)message.Length, digest, out uint size, type, 0) == 1
                ? (int)size
                : 0;
        }
    }

    private static VolumeKey Derive(ReadOnlySpan<byte> secret, PlainCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        if (cipher.Iterations > 0)
        {
            using IteratedKey iterated = new(secret, cipher);
            while (iterated.Thousands < cipher.Iterations)
                iterated.Advance();
            return Copy(iterated.Key.Bytes[..(cipher.KeyBits / 8)]);
        }

        using HashedPassphrase hashed = new(secret, cipher);
        return Hash(hashed, cipher.KeyBits / 8);
    }

    private static VolumeKey Copy(ReadOnlySpan<byte> bytes)
    {
        VolumeKey key = new(bytes.Length);
        bytes.CopyTo(key._memory.GetSpan());
        return key;
    }
}
