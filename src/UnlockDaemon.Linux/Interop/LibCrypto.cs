using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>
/// Hashing and block decryption that leave nothing behind: contexts are cleansed when freed, and no managed copy of
/// key or passphrase is made. Source: openssl/evp.h (libcrypto.so.3, which libcryptsetup loads anyway).
/// </summary>
internal static unsafe partial class LibCrypto
{
    private const string Library = "libcrypto.so.3";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint EVP_get_digestbyname(string name);

    [LibraryImport(Library)]
    internal static partial int EVP_Digest(
        byte* data, nuint count, byte* digest, out uint size, nint type, nint engine);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint EVP_get_cipherbyname(string name);

    [LibraryImport(Library)]
    internal static partial int EVP_CIPHER_get_key_length(nint type);

    [LibraryImport(Library)]
    internal static partial int EVP_CIPHER_get_iv_length(nint type);

    [LibraryImport(Library)]
    internal static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    internal static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(Library)]
    internal static partial int EVP_CIPHER_CTX_set_padding(nint context, int padding);

    [LibraryImport(Library)]
    internal static partial int EVP_CipherInit_ex(
        nint context, nint type, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(Library)]
    internal static partial int EVP_CipherUpdate(
        nint context, byte* output, out int outputLength, byte* input, int inputLength);

    [LibraryImport(Library)]
    internal static partial int MD5_Init(MD5_CTX* context);

    [LibraryImport(Library)]
    internal static partial int MD5_Update(MD5_CTX* context, byte* data, nuint length);

    /// <summary>
    /// struct MD5state_st of openssl/md5.h: four words of state, two of length, a block, its filling.
    /// </summary>
    [StructLayout(LayoutKind.Sequential, Size = 92)]
    internal struct MD5_CTX
    {
        internal uint A;
        internal uint B;
        internal uint C;
        internal uint D;
    }
}
