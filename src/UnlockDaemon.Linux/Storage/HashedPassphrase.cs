using System.Text;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Storage;

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
