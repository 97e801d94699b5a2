using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// Decrypts sectors of a container without a header in user space, so that a wrong key is found out before anything is
/// mapped.
/// </summary>
public sealed class SectorCipher
{
    // In all formats IVs count sectors of this size, also where larger ones are encrypted as one.
    private const int CountedSize = 512;
    private const int IvSize = 16;

    // What Superblock needs, and a whole sector of the largest size.
    private const int ProbeSize = 4096;

    // Where the second block group of ext begins, and a copy of the superblock with it: blocks of 1, 2 and 4 KiB.
    private static readonly long[] s_copies = [8193L << 10, 16384L << 11, 32768L << 12];

    private readonly PlainCipher _cipher;
    private readonly string _algorithm;
    private readonly IvGenerator _iv;

    private SectorCipher(PlainCipher cipher, string algorithm, IvGenerator iv)
    {
        _cipher = cipher;
        _algorithm = algorithm;
        _iv = iv;
    }

    private enum IvGenerator
    {
        /// <summary>The sector's number, cut to 32 bits.</summary>
        Plain,

        /// <summary>The sector's number.</summary>
        Plain64,

        /// <summary>The sector's number, encrypted with the SHA-256 of the key.</summary>
        EssivSha256,

        /// <summary>
        /// None; the first block is changed by a digest of the others, and sectors take turns in 64 keys.
        /// </summary>
        MultiKey,
    }

    /// <summary>Finds the way to decrypt a cipher.</summary>
    /// <param name="cipher">The cipher.</param>
    /// <returns>The way, or null when it is none that can be decrypted here.</returns>
    public static SectorCipher? For(PlainCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        string chained = $"AES-{cipher.KeyBits}-CBC";
        string tweaked = $"AES-{cipher.KeyBits / 2}-XTS";
        return cipher.Specification switch
        {
            "aes-cbc-plain" => new(cipher, chained, IvGenerator.Plain),
            "aes-cbc-plain64" => new(cipher, chained, IvGenerator.Plain64),
            "aes-cbc-essiv:sha256" => new(cipher, chained, IvGenerator.EssivSha256),
            "aes-xts-plain" => new(cipher, tweaked, IvGenerator.Plain),
            "aes-xts-plain64" => new(cipher, tweaked, IvGenerator.Plain64),
            "aes-" + PlainCipher.MultiKeyMode => new(cipher, chained, IvGenerator.MultiKey),
            _ => null,
        };
    }

    /// <summary>Looks for a file system in a container as a key shows it; nothing is mapped.</summary>
    /// <param name="container">The container.</param>
    /// <param name="cipher">How it is encrypted.</param>
    /// <param name="key">The key to try.</param>
    /// <returns>What was found; null with a wrong key, or where there is no file system.</returns>
    /// <exception cref="LinuxException">
    /// The container cannot be read, or libcrypto refuses the cipher: EINVAL.
    /// </exception>
    public static Superblock? FindFilesystem(ContainerFile container, PlainCipher cipher, VolumeKey key)
    {
        ArgumentNullException.ThrowIfNull(container);
        ArgumentNullException.ThrowIfNull(cipher);
        SectorCipher sectors = For(cipher.For(key))
            ?? throw new LinuxException("look for a file system with cipher", cipher.Specification, LibC.EINVAL);
        Span<byte> start = new byte[ProbeSize];
        return sectors.TryRead(container, key, 0, start)
            ? Superblock.TryParse(start, DateTimeOffset.UtcNow) ?? sectors.FindCopy(container, key)
            : null;
    }

    /// <summary>Decrypts whole sectors.</summary>
    /// <param name="key">The key to try.</param>
    /// <param name="sectors">Ciphertext; replaced by plaintext.</param>
    /// <param name="first">Where they begin, in sectors of 512 bytes from the start of the data.</param>
    /// <exception cref="LinuxException">libcrypto refuses the cipher: EINVAL.</exception>
    public void Decrypt(VolumeKey key, Span<byte> sectors, long first = 0)
    {
        ArgumentNullException.ThrowIfNull(key);
        int size = _cipher.SectorSize;
        for (int start = 0; start + size <= sectors.Length; start += size)
        {
            ulong number = (ulong)(_cipher.Skip + first + (start / CountedSize));
            DecryptSector(KeyOf(key), number, sectors.Slice(start, size));
        }
    }

    /// <summary>
    /// With the right key a first superblock that is damaged is no wrong passphrase: its copies tell the one from the
    /// other.
    /// </summary>
    private Superblock? FindCopy(ContainerFile container, VolumeKey key)
    {
        Span<byte> bytes = new byte[ProbeSize];
        foreach (long copy in s_copies)
        {
            long aligned = copy / ProbeSize * ProbeSize;
            if (TryRead(container, key, aligned, bytes)
                && Superblock.TryParseCopy(bytes[(int)(copy - aligned)..]) is { } found)
                return found;
        }

        return null;
    }

    /// <returns>False where the container ends before.</returns>
    private bool TryRead(ContainerFile container, VolumeKey key, long offset, Span<byte> bytes)
    {
        if (container.Read(bytes, (_cipher.Offset * CountedSize) + offset) < bytes.Length)
            return false;
        Decrypt(key, bytes, offset / CountedSize);
        return true;
    }

    /// <summary>A longer key is of use as its beginning, unless it is many keys.</summary>
    private ReadOnlySpan<byte> KeyOf(VolumeKey key) =>
        _iv == IvGenerator.MultiKey ? key.Bytes : key.Bytes[..Math.Min(key.Length, _cipher.KeyBits / 8)];

    private void DecryptSector(ReadOnlySpan<byte> key, ulong number, Span<byte> sector)
    {
        if (_iv == IvGenerator.MultiKey)
        {
            DecryptWithManyKeys(key, number, sector);
            return;
        }

        Span<byte> iv = stackalloc byte[IvSize];
        iv.Clear();
        MemoryMarshal.Write(iv, _iv == IvGenerator.Plain ? (uint)number : number);
        if (_iv == IvGenerator.EssivSha256)
            EncryptIv(key, iv);
        CipherContext.Transform(_algorithm, encrypt: false, key, iv, sector);
    }

    /// <summary>As crypt_iv_lmk_post of dm-crypt: the IV is all zeros, and is put right afterwards.</summary>
    private void DecryptWithManyKeys(ReadOnlySpan<byte> keys, ulong number, Span<byte> sector)
    {
        int length = _cipher.KeyBits / 8;
        Span<byte> iv = stackalloc byte[IvSize];
        iv.Clear();
        CipherContext.Transform(_algorithm, encrypt: false,
            keys.Slice((int)(number % KeyLines.Many) * length, length), iv, sector);
        ReadOnlySpan<byte> seed = keys[(KeyLines.Many * length)..];
        MultiKeyIv.Compute(seed, number, sector[IvSize..], iv);
        for (int i = 0; i < IvSize; i++)
            sector[i] ^= iv[i];
    }

    private static void EncryptIv(ReadOnlySpan<byte> key, Span<byte> iv)
    {
        // A digest of the key, on the stack for a moment: a locked page of its own takes longer than all the rest.
        Span<byte> salt = stackalloc byte[32];
        VolumeKey.Digest("SHA256", key, salt);
        CipherContext.Transform("AES-256-ECB", encrypt: true, salt, default, iv);
        CryptographicOperations.ZeroMemory(salt);
    }
}

/// <summary>An EVP_CIPHER_CTX with a key in it; cleansed when freed.</summary>
internal sealed unsafe class CipherContext : SafeHandle
{
    private readonly string _algorithm;

    /// <param name="algorithm">Cipher as libcrypto calls it: "AES-256-CBC". No padding.</param>
    /// <param name="encrypt">Whether it encrypts.</param>
    /// <param name="key">The key.</param>
    /// <param name="iv">The IV, or nothing for a mode that has none.</param>
    /// <exception cref="LinuxException">libcrypto does not know the cipher, or refuses the key: EINVAL.</exception>
    internal CipherContext(string algorithm, bool encrypt, ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv)
        : base(0, ownsHandle: true)
    {
        _algorithm = algorithm;
        SetHandle(LibCrypto.EVP_CIPHER_CTX_new());
        nint type = LibCrypto.EVP_get_cipherbyname(algorithm);
        // SAFETY: both are pinned, and have as many bytes as the cipher takes.
        fixed (byte* keyBytes = key, ivBytes = iv)
        {
            if (type == 0 || key.Length < LibCrypto.EVP_CIPHER_get_key_length(type)
                || iv.Length < LibCrypto.EVP_CIPHER_get_iv_length(type)
                || LibCrypto.EVP_CipherInit_ex(handle, type, 0, keyBytes, ivBytes, encrypt ? 1 : 0) != 1
                || LibCrypto.EVP_CIPHER_CTX_set_padding(handle, 0) != 1)
            {
                Dispose();
                throw Refused();
            }
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Encrypts or decrypts once, with a key of its own.</summary>
    internal static void Transform(
        string algorithm, bool encrypt, ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, Span<byte> data)
    {
        using CipherContext context = new(algorithm, encrypt, key, iv);
        context.Transform(data);
    }

    /// <summary>Encrypts or decrypts whole blocks where they are.</summary>
    internal void Transform(Span<byte> data)
    {
        // SAFETY: without padding no more comes out than went in, and it may lie where that was.
        fixed (byte* bytes = data)
        {
            if (LibCrypto.EVP_CipherUpdate(handle, bytes, out _, bytes, data.Length) != 1)
                throw Refused();
        }
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_CTX_free(handle);
        return true;
    }

    private LinuxException Refused() => new("use cipher", _algorithm, LibC.EINVAL);
}
