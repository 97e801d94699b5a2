using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Key slots, tokens and headers of LUKS. Source: libcryptsetup.h (cryptsetup 2.6 and 2.7).</summary>
internal static unsafe partial class LibCryptSetup
{
    internal const string CRYPT_LUKS1 = "LUKS1";
    internal const int CRYPT_ANY_TOKEN = -1;
    internal const uint CRYPT_ACTIVATE_READONLY = 1 << 0;
    internal const uint CRYPT_PBKDF_NO_BENCHMARK = 1 << 1;

    /// <summary>crypt_keyslot_info.</summary>
    internal const int CRYPT_SLOT_ACTIVE = 2;
    internal const int CRYPT_SLOT_ACTIVE_LAST = 3;
    internal const int CRYPT_SLOT_UNBOUND = 4;

    /// <summary>crypt_token_info: from here on there is a token.</summary>
    internal const int CRYPT_TOKEN_INTERNAL = 2;

    [LibraryImport(Library)]
    internal static partial byte* crypt_get_type(CryptContext device);

    [LibraryImport(Library)]
    internal static partial byte* crypt_get_uuid(CryptContext device);

    [LibraryImport(Library)]
    internal static partial ulong crypt_get_data_offset(CryptContext device);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_keyslot_max(string type);

    [LibraryImport(Library)]
    internal static partial void crypt_set_iteration_time(CryptContext device, ulong milliseconds);

    [LibraryImport(Library)]
    internal static partial int crypt_keyslot_status(CryptContext device, int slot);

    [LibraryImport(Library)]
    internal static partial int crypt_keyslot_get_pbkdf(CryptContext device, int slot, crypt_pbkdf_type* pbkdf);

    [LibraryImport(Library)]
    internal static partial int crypt_keyslot_destroy(CryptContext device, int slot);

    [LibraryImport(Library)]
    internal static partial int crypt_volume_key_verify(CryptContext device, byte* volumeKey, nuint volumeKeySize);

    [LibraryImport(Library)]
    internal static partial void crypt_token_external_disable();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_token_max(string type);

    [LibraryImport(Library)]
    internal static partial int crypt_token_status(CryptContext device, int token, byte** type);

    [LibraryImport(Library)]
    internal static partial int crypt_token_json_get(CryptContext device, int token, byte** json);

    [LibraryImport(Library)]
    internal static partial int crypt_token_json_set(CryptContext device, int token, byte* json);

    [LibraryImport(Library)]
    internal static partial int crypt_token_assign_keyslot(CryptContext device, int token, int slot);

    [LibraryImport(Library)]
    internal static partial int crypt_token_is_assigned(CryptContext device, int token, int slot);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_header_backup(CryptContext device, string? type, string file);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int crypt_header_restore(CryptContext device, string? type, string file);
}
