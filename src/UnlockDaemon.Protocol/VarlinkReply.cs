using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Protocol;

/// <summary>A reply, as the client received it.</summary>
/// <param name="Parameters">The parameters as JSON.</param>
/// <param name="Error">The error, or null for success.</param>
/// <param name="Continues">Whether more replies follow.</param>
public sealed record VarlinkReply(JsonElement Parameters, VarlinkError? Error, bool Continues)
{
    /// <summary>Reads a message.</summary>
    /// <param name="message">The message, without its NUL.</param>
    /// <returns>The reply.</returns>
    /// <exception cref="ProtocolException">It is no Varlink reply.</exception>
    public static VarlinkReply Parse(ReadOnlyMemory<byte> message)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(message);
            JsonElement root = document.RootElement;
            JsonElement parameters = root.TryGetProperty("parameters", out JsonElement given)
                ? given.Clone()
                : JsonElement.Parse("{}");
            bool continues = root.TryGetProperty("continues", out JsonElement more) && more.GetBoolean();
            VarlinkError? error = root.TryGetProperty("error", out JsonElement name)
                ? new VarlinkError(name.GetString()!,
                    parameters.Deserialize(ErrorJson.Default.ErrorParameters) ?? new ErrorParameters())
                : null;
            return new VarlinkReply(parameters, error, continues);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            throw new ProtocolException("the daemon's answer is not a Varlink reply", malformed);
        }
    }

    /// <summary>Reads the parameters.</summary>
    /// <typeparam name="T">Their type.</typeparam>
    /// <param name="type">How to read it.</param>
    /// <returns>The parameters.</returns>
    /// <exception cref="ProtocolException">They do not fit the type.</exception>
    public T Read<T>(JsonTypeInfo<T> type)
    {
        try
        {
            return Parameters.Deserialize(type)!;
        }
        catch (JsonException other)
        {
            throw new ProtocolException(
                "the daemon's answer has another form than expected: is it of another version?", other);
        }
    }
}
