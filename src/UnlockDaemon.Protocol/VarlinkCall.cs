using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Protocol;

/// <summary>A method call, still in the locked buffer it was received in.</summary>
/// <param name="Method">Full name: "org.unlockd.Unlock".</param>
/// <param name="Parameters">The parameters as JSON; "{}" when none were sent.</param>
/// <param name="More">The caller takes several replies.</param>
/// <param name="OneWay">The caller takes no reply.</param>
public sealed record VarlinkCall(string Method, ReadOnlyMemory<byte> Parameters, bool More, bool OneWay)
{

    /// <summary>Reads a message.</summary>
    /// <param name="message">The message, without its NUL.</param>
    /// <returns>The call.</returns>
    /// <exception cref="ProtocolException">It is no JSON object, or has no method.</exception>
    public static VarlinkCall Parse(ReadOnlyMemory<byte> message)
    {
        try
        {
            return ParseObject(message);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // Not the parser's own words: they quote the input, and that may be a passphrase.
            throw new ProtocolException(
                "not a Varlink call: one JSON object with \"method\" and \"parameters\" is wanted");
        }
    }

    /// <summary>Reads the parameters of a method that carries no secret.</summary>
    /// <typeparam name="T">Their type.</typeparam>
    /// <param name="type">How to read it.</param>
    /// <returns>The parameters, or null when they do not fit the type.</returns>
    public T? Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Parameters.Span, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Decodes a base64 parameter from the locked buffer straight into locked memory, and wipes the parameters: the
    /// call may go on for minutes, and the passphrase is not to lie there so long.
    /// </summary>
    /// <param name="name">The only parameter that the method takes.</param>
    /// <param name="passphrase">The passphrase, or null when the parameter is missing or null.</param>
    /// <returns>False when the parameters have another form.</returns>
    public bool TryReadPassphrase(string name, out Passphrase? passphrase) =>
        TryReadPassphrase(name, null, out passphrase, out _);

    /// <summary>The same for a method that takes a number besides.</summary>
    /// <param name="name">The parameter with the passphrase.</param>
    /// <param name="numberName">The parameter with the number; null when there is none.</param>
    /// <param name="passphrase">The passphrase, or null when the parameter is missing or null.</param>
    /// <param name="number">The number, or null when it is missing.</param>
    /// <returns>False when the parameters have another form.</returns>
    public bool TryReadPassphrase(string name, string? numberName, out Passphrase? passphrase, out long? number)
    {
        try
        {
            return TryDecode(name, numberName, out passphrase, out number);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(Parameters).Span);
        }
    }

    private bool TryDecode(string name, string? numberName, out Passphrase? passphrase, out long? number)
    {
        (passphrase, number) = (null, null);
        Utf8JsonReader reader = new(Parameters.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool known = reader.ValueTextEquals(name);
            bool isNumber = numberName is not null && number is null && reader.ValueTextEquals(numberName);
            reader.Read();
            if (isNumber && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long given))
            {
                number = given;
                continue;
            }

            if (!known || passphrase is not null)
                return Fail(ref passphrase);
            if (reader.TokenType == JsonTokenType.Null)
                continue;
            passphrase = reader.TokenType == JsonTokenType.String ? Decode(ref reader) : null;
            if (passphrase is null)
                return false;
        }

        return true;
    }

    private static ReadOnlyMemory<byte> None() => "{}"u8.ToArray();

    private static bool Fail(ref Passphrase? passphrase)
    {
        passphrase?.Dispose();
        passphrase = null;
        return false;
    }

    private static Passphrase? Decode(ref Utf8JsonReader reader)
    {
        // Some writers escape the slash of base64, so the text is copied once, unescaped, within locked memory.
        using LockedMemory text = new(MessageStream.MaximumCall);
        int length = reader.CopyString(text.GetSpan());
        Passphrase passphrase = new();
        OperationStatus status =
            Base64.DecodeFromUtf8(text.GetSpan()[..length], passphrase.Free, out _, out int count);
        if (status == OperationStatus.Done)
        {
            passphrase.Advance(count);
            return passphrase;
        }

        passphrase.Dispose();
        return null;
    }

    private static VarlinkCall ParseObject(ReadOnlyMemory<byte> message)
    {
        string? method = null;
        ReadOnlyMemory<byte> parameters = None();
        bool more = false, oneWay = false;
        Utf8JsonReader reader = new(message.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("method"u8) && reader.Read())
                method = reader.GetString();
            else if (reader.ValueTextEquals("more"u8) && reader.Read())
                more = reader.GetBoolean();
            else if (reader.ValueTextEquals("oneway"u8) && reader.Read())
                oneWay = reader.GetBoolean();
            else if (reader.ValueTextEquals("parameters"u8) && reader.Read())
                parameters = TakeObject(ref reader, message);
            else
                reader.Skip();
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read() || method is null)
            throw new JsonException();
        return new VarlinkCall(method, parameters, more, oneWay);
    }

    private static ReadOnlyMemory<byte> TakeObject(ref Utf8JsonReader reader, ReadOnlyMemory<byte> message)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return None();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException();
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return message[start..(int)reader.BytesConsumed];
    }
}
