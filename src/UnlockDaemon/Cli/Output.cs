using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Cli;

/// <summary>What unlockctl says: lines for people, or one JSON object for machines.</summary>
internal sealed class Output(bool json)
{
    internal bool Json => json;

    /// <summary>Whether somebody watches: a line that is overwritten makes sense.</summary>
    internal bool Live { get; } = !json && !Console.IsOutputRedirected;

    internal void Line(string text)
    {
        if (!json)
            Console.WriteLine(text);
    }

    internal void Object<T>(T value, JsonTypeInfo<T> type)
    {
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(value, type));
    }

    /// <summary>Says what went wrong and what to do, and gives the exit code.</summary>
    internal int Fail(int code, string message)
    {
        if (json)
            Console.WriteLine($$"""{"error":"org.unlockd.Failed","parameters":{"reason":{{JsonText(message)}}}}""");
        Console.Error.WriteLine("unlockctl: " + message);
        return code;
    }

    /// <summary>The same for an error that the daemon sent.</summary>
    internal int Fail(int code, VarlinkReply reply, string message)
    {
        if (json)
            Console.WriteLine($$"""{"error":{{JsonText(reply.Error!.Name)}},"parameters":{{reply.Parameters.GetRawText()}}}""");
        Console.Error.WriteLine("unlockctl: " + message);
        return code;
    }

    private static string JsonText(string text) => "\"" + JsonEncodedText.Encode(text) + "\"";
}
