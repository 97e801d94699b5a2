using System.Runtime.InteropServices;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

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
