using System.Runtime.InteropServices;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// Decrypts the first sectors of a container without a header in user space, so that a wrong key is found out
/// before anything is mapped.
/// </summary>
public sealed unsafe class SectorCipher
{
    private const int SectorSize = 512;
    private const int IvSize = 16;

    private readonly string _algorithm;
    private readonly IvGenerator _iv;

    private SectorCipher(string algorithm, IvGenerator iv)
    {
        _algorithm = algorithm;
        _iv = iv;
    }

    private enum IvGenerator
    {
        /// <summary>The sector's number.</summary>
        Plain,

        /// <summary>The sector's number, encrypted with the SHA-256 of the key.</summary>
        EssivSha256,
    }

    /// <summary>The modes that can be decrypted here, as dm-crypt writes them.</summary>
    public static IReadOnlyList<string> Modes { get; } =
        ["cbc-plain64", "cbc-plain", "cbc-essiv:sha256", "xts-plain64"];

    /// <summary>Finds the way to decrypt a cipher.</summary>
    /// <param name="cipher">The cipher.</param>
    /// <returns>The way, or null when it is none of AES in <see cref="Modes"/>.</returns>
    public static SectorCipher? For(PlainCipher cipher)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        return (cipher.Algorithm, cipher.Mode) switch
        {
            // plain and plain64 differ only beyond 2 TiB.
            ("aes", "cbc-plain64" or "cbc-plain") => new($"AES-{cipher.KeyBits}-CBC", IvGenerator.Plain),
            ("aes", "cbc-essiv:sha256") => new($"AES-{cipher.KeyBits}-CBC", IvGenerator.EssivSha256),
            ("aes", "xts-plain64") => new($"AES-{cipher.KeyBits / 2}-XTS", IvGenerator.Plain),
            _ => null,
        };
    }

    /// <summary>Decrypts whole sectors from the start of a container.</summary>
    /// <param name="key">The key to try.</param>
    /// <param name="sectors">Ciphertext; replaced by plaintext.</param>
    /// <exception cref="LinuxException">libcrypto refuses the cipher: EINVAL.</exception>
    public void Decrypt(VolumeKey key, Span<byte> sectors)
    {
        ArgumentNullException.ThrowIfNull(key);
        Span<byte> iv = stackalloc byte[IvSize];
        for (int sector = 0; sector < sectors.Length / SectorSize; sector++)
        {
            iv.Clear();
            MemoryMarshal.Write(iv, (ulong)sector);
            if (_iv == IvGenerator.EssivSha256)
                EncryptIv(key, iv);
            Span<byte> data = sectors.Slice(sector * SectorSize, SectorSize);
            Transform(_algorithm, encrypt: 0, key.Bytes, iv, data);
        }
    }

    private static void EncryptIv(VolumeKey key, Span<byte> iv)
    {
        using LockedMemory salt = new(32);
        VolumeKey.Digest("SHA256", key.Bytes, salt.GetSpan());
        Transform("AES-256-ECB", encrypt: 1, salt.GetSpan(), default, iv);
    }

    private static void Transform(string algorithm, int encrypt, ReadOnlySpan<byte> key, Span<byte> iv, Span<byte> data)
    {
        nint context = LibCrypto.EVP_CIPHER_CTX_new();
        fixed (byte* keyBytes = key, ivBytes = iv, bytes = data)
        {
            nint type = LibCrypto.EVP_get_cipherbyname(algorithm);
            bool done = type != 0
                && LibCrypto.EVP_CipherInit_ex(context, type, 0, keyBytes, ivBytes, encrypt) == 1
                && LibCrypto.EVP_CIPHER_CTX_set_padding(context, 0) == 1
                && LibCrypto.EVP_CipherUpdate(context, bytes, out _, bytes, data.Length) == 1;
            LibCrypto.EVP_CIPHER_CTX_free(context);
            if (!done)
                throw new LinuxException("decrypt with", algorithm, Errno.EINVAL);
        }
    }
}
