using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Protocol;

/// <summary>Writes messages, each with its NUL.</summary>
public static class VarlinkMessage
{
    /// <summary>Writes a call that carries no secret.</summary>
    /// <typeparam name="T">Type of the parameters.</typeparam>
    /// <param name="method">Full name of the method.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="type">How to write them.</param>
    /// <param name="more">Whether several replies are wanted.</param>
    /// <returns>The message.</returns>
    public static ReadOnlyMemory<byte> Call<T>(string method, T parameters, JsonTypeInfo<T> type, bool more) =>
        Write(writer =>
        {
            writer.WriteString("method", method);
            writer.WritePropertyName("parameters");
            JsonSerializer.Serialize(writer, parameters, type);
            if (more)
                writer.WriteBoolean("more", true);
        });

    /// <summary>Writes a call with a passphrase, in locked memory throughout.</summary>
    /// <param name="method">Full name of the method.</param>
    /// <param name="passphrase">Sent as the parameter "passphrase".</param>
    /// <param name="length">Length of the message.</param>
    /// <param name="size">Sent as the parameter "size"; null when the method takes none.</param>
    /// <returns>The memory of the message; the caller disposes it once it is sent.</returns>
    public static LockedMemory CallWithPassphrase(
        string method, Passphrase passphrase, out int length, long? size = null)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        LockedMemory message = new(MessageStream.MaximumCall);
        Span<byte> rest = message.GetSpan();
        string head = $$"""{"method":"{{method}}","more":true,"parameters":{ """.TrimEnd();
        Append(ref rest, System.Text.Encoding.UTF8.GetBytes(head));
        if (size is { } number)
            Append(ref rest, System.Text.Encoding.UTF8.GetBytes($"\"size\":{number},"));
        Append(ref rest, "\"passphrase\":\""u8);
        Base64.EncodeToUtf8(passphrase.Bytes, rest, out _, out int written);
        rest = rest[written..];
        Append(ref rest, "\"}}\0"u8);
        length = message.GetSpan().Length - rest.Length;
        return message;
    }

    /// <summary>Writes a reply.</summary>
    /// <typeparam name="T">Type of the parameters.</typeparam>
    /// <param name="parameters">The parameters.</param>
    /// <param name="type">How to write them.</param>
    /// <param name="continues">Whether more replies follow.</param>
    /// <returns>The message.</returns>
    public static ReadOnlyMemory<byte> Reply<T>(T parameters, JsonTypeInfo<T> type, bool continues) =>
        Write(writer =>
        {
            writer.WritePropertyName("parameters");
            JsonSerializer.Serialize(writer, parameters, type);
            if (continues)
                writer.WriteBoolean("continues", true);
        });

    /// <summary>Writes an error reply.</summary>
    /// <param name="error">The error.</param>
    /// <returns>The message.</returns>
    public static ReadOnlyMemory<byte> Error(VarlinkError error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return Write(writer =>
        {
            writer.WriteString("error", error.Name);
            writer.WritePropertyName("parameters");
            JsonSerializer.Serialize(writer, error.Parameters, ErrorJson.Default.ErrorParameters);
        });
    }

    private static void Append(ref Span<byte> rest, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> content)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            content(writer);
            writer.WriteEndObject();
        }

        buffer.Write("\0"u8);
        return buffer.WrittenMemory;
    }
}
