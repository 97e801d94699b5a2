using System.Runtime.InteropServices;
using System.Text.Json;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// Names of key slots, each in a LUKS2 token of our own type; other programs leave these alone. LUKS1 has no tokens.
/// </summary>
/// <remarks>Source: LUKS2 On-Disk Format Specification, 3.6 Token Object.</remarks>
internal static unsafe class OperatorToken
{
    private const string Type = "unlockd-operator";
    private const int MaximumJson = 512;

    /// <summary>Name of a slot, or null when it has none.</summary>
    internal static string? NameOf(CryptContext context, int slot) =>
        Find(context, slot) is { } token ? ReadName(context, token) : null;

    /// <summary>Gives a slot its name.</summary>
    internal static void Name(CryptContext context, string device, int slot, string name)
    {
        int token = Find(context, slot) ?? FindForgotten(context) ?? LibCryptSetup.CRYPT_ANY_TOKEN;
        // SAFETY: the text ends with a zero byte; libcryptsetup parses it at once.
        fixed (byte* json = Write(slot, name))
            CryptContexts.Check(LibCryptSetup.crypt_token_json_set(context, token, json), "name a key slot of", device);
    }

    /// <summary>Has a slot share the name of another.</summary>
    internal static void Share(CryptContext context, string device, int from, int to)
    {
        if (Find(context, from) is { } token)
            CryptContexts.Check(LibCryptSetup.crypt_token_assign_keyslot(context, token, to),
                "name a key slot of", device);
    }

    /// <summary>Removes names that no slot has any more.</summary>
    internal static void RemoveForgotten(CryptContext context, string device)
    {
        while (FindForgotten(context) is { } token)
            CryptContexts.Check(LibCryptSetup.crypt_token_json_set(context, token, null), "remove a name from", device);
    }

    private static int? Find(CryptContext context, int slot)
    {
        for (int token = 0; token < Count(context); token++)
        {
            if (IsOurs(context, token) && LibCryptSetup.crypt_token_is_assigned(context, token, slot) == 0)
                return token;
        }

        return null;
    }

    private static int? FindForgotten(CryptContext context)
    {
        int slots = LibCryptSetup.crypt_keyslot_max(LibCryptSetup.CRYPT_LUKS2);
        for (int token = 0; token < Count(context); token++)
        {
            if (!IsOurs(context, token))
                continue;
            int slot = 0;
            while (slot < slots && LibCryptSetup.crypt_token_is_assigned(context, token, slot) != 0)
                slot++;
            if (slot == slots)
                return token;
        }

        return null;
    }

    private static int Count(CryptContext context) =>
        CryptContexts.IsLuks2(context) ? LibCryptSetup.crypt_token_max(LibCryptSetup.CRYPT_LUKS2) : 0;

    private static bool IsOurs(CryptContext context, int token)
    {
        // libcryptsetup would look for a plug-in for a type that it does not know.
        LibCryptSetup.crypt_token_external_disable();
        // SAFETY: where there is a token, its type is a text of the context's that ends with a zero byte.
        byte* type = null;
        return LibCryptSetup.crypt_token_status(context, token, &type) >= LibCryptSetup.CRYPT_TOKEN_INTERNAL
            && MemoryMarshal.CreateReadOnlySpanFromNullTerminated(type).SequenceEqual("unlockd-operator"u8);
    }

    private static string? ReadName(CryptContext context, int token)
    {
        byte* json = null;
        if (LibCryptSetup.crypt_token_json_get(context, token, &json) < 0)
            return null;
        // SAFETY: the text is the context's, ends with a zero byte, and is read before the token can change.
        Utf8JsonReader reader = new(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(json));
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1
                || !reader.ValueTextEquals("name"u8))
                continue;
            // Who can write the header can write anything there, and the name goes to the journal and to terminals.
            string? name = reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            return name is not null && OperatorName.FindFault(name) is null ? name : null;
        }

        return null;
    }

    private static byte[] Write(int slot, string name)
    {
        using MemoryStream text = new(MaximumJson);
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            json.WriteString("type", Type);
            json.WriteStartArray("keyslots");
            json.WriteStringValue(slot.ToString());
            json.WriteEndArray();
            json.WriteString("name", name);
            json.WriteEndObject();
        }

        text.WriteByte(0);
        return text.ToArray();
    }
}

/// <summary>Name of the operator that a key slot belongs to.</summary>
public static class OperatorName
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaximumLength = 64;

    /// <summary>Says why a text cannot be a name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The reason, or null when it can.</returns>
    public static string? FindFault(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > MaximumLength)
            return $"a name has 1 to {MaximumLength} characters";
        if (text.Trim().Length != text.Length
            || text.Any(static letter => char.IsControl(letter) || char.IsSurrogate(letter)
                || letter is '\'' or '"' or '\\'
                || char.GetUnicodeCategory(letter) is System.Globalization.UnicodeCategory.Format))
            return "a name has letters, digits, spaces in between and signs, but no quotes and no backslash";
        return text.All(char.IsAsciiDigit) ? "a name of digits alone would look like the number of a slot" : null;
    }
}
