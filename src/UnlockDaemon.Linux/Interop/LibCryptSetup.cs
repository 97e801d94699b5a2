using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>dm-crypt devices. Source: libcryptsetup.h (libcryptsetup.so.12, cryptsetup 2.6 and 2.7).</summary>
internal static unsafe partial class LibCryptSetup
{
    internal const string CRYPT_PLAIN = "PLAIN";
    internal const string CRYPT_LUKS2 = "LUKS2";
    internal const int CRYPT_ANY_SLOT = -1;
    internal const int CRYPT_LOG_ERROR = 1;

    private const string Library = "libcryptsetup.so.12";

    /// <summary>struct crypt_params_plain.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct crypt_params_plain
    {
        internal byte* hash;
        internal ulong offset;
        internal ulong skip;
        internal ulong size;
        internal uint sector_size;
    }

    /// <summary>struct crypt_params_luks2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct crypt_params_luks2
    {
        internal nint pbkdf;
        internal byte* integrity;
        internal nint integrity_params;
        internal nuint data_alignment;
        internal byte* data_device;
        internal uint sector_size;
        internal byte* label;
        internal byte* subsystem;
    }

    /// <summary>struct crypt_pbkdf_type.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct crypt_pbkdf_type
    {
        internal byte* type;
        internal byte* hash;
        internal uint time_ms;
        internal uint iterations;
        internal uint max_memory_kb;
        internal uint parallel_threads;
        internal uint flags;
    }

    [LibraryImport(Library)]
    internal static partial int crypt_set_pbkdf_type(CryptContext device, crypt_pbkdf_type* pbkdf);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_init(out nint device, string path);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_init_data_device(out nint device, string path, string dataDevice);

    [LibraryImport(Library)]
    internal static partial void crypt_free(nint device);

    [LibraryImport(Library)]
    internal static partial void crypt_set_log_callback(
        nint device, delegate* unmanaged<int, byte*, nint, void> log, nint userData);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_load(CryptContext device, string? type, nint parameters);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_format(CryptContext device, string type, string cipher, string mode,
        string? uuid, byte* volumeKey, nuint volumeKeySize, void* parameters);

    [LibraryImport(Library)]
    internal static partial int crypt_keyslot_add_by_volume_key(
        CryptContext device, int slot, byte* volumeKey, nuint volumeKeySize, byte* passphrase, nuint passphraseSize);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_activate_by_passphrase(
        CryptContext device, string? name, int slot, byte* passphrase, nuint passphraseSize, uint flags);

    [LibraryImport(Library)]
    internal static partial int crypt_volume_key_get(CryptContext device, int slot, byte* volumeKey,
        ref nuint volumeKeySize, byte* passphrase, nuint passphraseSize);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_activate_by_volume_key(
        CryptContext device, string? name, byte* volumeKey, nuint volumeKeySize, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_deactivate_by_name(nint device, string name, uint flags);
}
