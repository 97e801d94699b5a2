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

/// <summary>An error reply: its name, and the parameters that its definition gives it.</summary>
/// <param name="Name">Full name: "org.unlockd.WrongPassphrase".</param>
/// <param name="Parameters">Its parameters.</param>
public sealed record VarlinkError(string Name, ErrorParameters Parameters)
{
    /// <summary>The volume is locked and no passphrase came with the call.</summary>
    public const string PassphraseNeeded = "org.unlockd.PassphraseNeeded";

    /// <summary>The passphrase opens nothing.</summary>
    public const string WrongPassphrase = "org.unlockd.WrongPassphrase";

    /// <summary>Another operation is under way.</summary>
    public const string Busy = "org.unlockd.Busy";

    /// <summary>Locked on purpose, until Release.</summary>
    public const string OnHold = "org.unlockd.OnHold";

    /// <summary>The container is missing, damaged, or not what the configuration says.</summary>
    public const string VolumeUnusable = "org.unlockd.VolumeUnusable";

    /// <summary>A step failed.</summary>
    public const string Failed = "org.unlockd.Failed";

    /// <summary>The volume could not be locked.</summary>
    public const string Held = "org.unlockd.Held";

    /// <summary>Not a Varlink call.</summary>
    public const string MalformedMessage = "org.unlockd.MalformedMessage";

    /// <summary>No such interface on this socket.</summary>
    public const string InterfaceNotFound = "org.varlink.service.InterfaceNotFound";

    /// <summary>No such method.</summary>
    public const string MethodNotFound = "org.varlink.service.MethodNotFound";

    /// <summary>A parameter is unknown or has the wrong type.</summary>
    public const string InvalidParameter = "org.varlink.service.InvalidParameter";

    /// <summary>The caller's user may not do this.</summary>
    public const string PermissionDenied = "org.varlink.service.PermissionDenied";

    /// <summary>The method only works with "more".</summary>
    public const string ExpectedMore = "org.varlink.service.ExpectedMore";
}

/// <summary>The peer does not keep to the protocol, or is gone.</summary>
public sealed class ProtocolException : Exception
{
    /// <summary>Describes what the peer did.</summary>
    /// <param name="message">A sentence.</param>
    /// <param name="inner">What it was noticed by.</param>
    public ProtocolException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
