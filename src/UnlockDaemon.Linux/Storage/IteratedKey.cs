using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Storage;

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
