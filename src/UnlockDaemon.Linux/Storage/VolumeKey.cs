using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;
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

/// <summary>
/// Hashes a passphrase as cryptsetup's plain mode and loop-AES do: digests of the passphrase with no, one, two...
/// letters A before it, one after the other, cut to the length of the key.
/// </summary>
internal sealed class HashedPassphrase : IDisposable
{
    // rmd160HashTwo of loop-AES: the second digest is of a buffer of 130 characters, the letter included.
    private const int LoopAesSecondRound = 130;
    private const int MaximumLetters = 128;

    private readonly LockedMemory _message;
    private readonly PlainCipher _cipher;
    private readonly int _length;

    internal HashedPassphrase(ReadOnlySpan<byte> secret, PlainCipher cipher)
    {
        byte[] seed = Encoding.UTF8.GetBytes(cipher.Seed);
        _cipher = cipher;
        _length = secret.Length + seed.Length;
        _message = new LockedMemory(MaximumLetters + Math.Max(_length, 1));
        secret.CopyTo(_message.GetSpan()[MaximumLetters..]);
        seed.CopyTo(_message.GetSpan()[(MaximumLetters + secret.Length)..]);
        _message.GetSpan()[..MaximumLetters].Fill((byte)'A');
    }

    /// <summary>Writes a key.</summary>
    /// <param name="target">Has room for a whole digest behind the key.</param>
    /// <param name="length">Length of the key in bytes.</param>
    internal void Fill(Span<byte> target, int length)
    {
        target[..length].Clear();
        if (_cipher.Hash == PlainCipher.NoHash)
        {
            _message.GetSpan().Slice(MaximumLetters, Math.Min(_length, length)).CopyTo(target);
            return;
        }

        for (int round = 0, filled = 0; filled < length; round++)
        {
            int size = VolumeKey.Digest(_cipher.Hash, Message(round), target[filled..]);
            if (size == 0)
                throw new LinuxException("make a key with hash", _cipher.Hash, LibC.EINVAL);
            filled += size;
        }
    }

    /// <summary>Changes the lowest bit of the first byte: loop-AES makes the second key of its rounds so.</summary>
    internal void Vary() => _message.GetSpan()[MaximumLetters] ^= 1;

    public void Dispose() => ((IDisposable)_message).Dispose();

    private ReadOnlySpan<byte> Message(int letters)
    {
        int length = letters + _length;
        return _message.GetSpan().Slice(
            MaximumLetters - letters, letters > 0 && _cipher.IsLoopAes ? Math.Min(length, LoopAesSecondRound) : length);
    }
}

/// <summary>
/// The key that loop-AES makes with an iteration count (-C): thousands of rounds of AES-256 over the hashed passphrase.
/// The key for a count is on the way to that for every larger one.
/// </summary>
public sealed class IteratedKey : IDisposable
{
    private const int Size = 32;
    private const int Rounds = 1000;

    // The longest digest behind a key.
    private const int Room = 64;

    private readonly CipherContext _rounds;

    /// <summary>Begins with the hashed passphrase.</summary>
    /// <param name="secret">The passphrase.</param>
    /// <param name="cipher">Names the hash and the seed.</param>
    /// <exception cref="LinuxException">libcrypto does not know the hash: EINVAL.</exception>
    public IteratedKey(ReadOnlySpan<byte> secret, PlainCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        using HashedPassphrase hashed = new(secret, cipher);
        using LockedMemory second = new(Size + Room);
        Key = VolumeKey.Hash(hashed, Size);
        hashed.Vary();
        hashed.Fill(second.GetSpan(), Size);
        _rounds = new CipherContext("AES-256-ECB", encrypt: true, second.GetSpan()[..Size], default);
    }

    /// <summary>The key as it is now, 256 bits; shorter ones are its beginning.</summary>
    public VolumeKey Key { get; }

    /// <summary>How many thousand rounds it has been through.</summary>
    public int Thousands { get; private set; }

    /// <summary>Does another thousand.</summary>
    public void Advance()
    {
        Span<byte> key = Key.Writable;
        Span<ulong> quarters = MemoryMarshal.Cast<byte, ulong>(key);
        for (int round = 0; round < Rounds; round++)
        {
            _rounds.Transform(key);
            (quarters[1], quarters[2]) = (quarters[2], quarters[1]);
        }

        Thousands++;
    }

    /// <summary>Wipes the key.</summary>
    public void Dispose()
    {
        _rounds.Dispose();
        Key.Dispose();
    }
}
