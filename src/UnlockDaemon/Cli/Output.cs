using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>What unlockctl says: lines for people, or one JSON object for machines.</summary>
/// <param name="json">Whether it is for a machine.</param>
/// <param name="mayGoUnheard">Whether what is done matters more than that somebody can be told.</param>
internal sealed class Output(bool json, bool mayGoUnheard = false)
{
    internal bool Json => json;

    /// <summary>Whether somebody watches: a line that is overwritten makes sense.</summary>
    internal bool Live { get; } = !json && !Console.IsOutputRedirected;

    internal void Line(string text)
    {
        if (json)
            return;
        try
        {
            Console.WriteLine(Instance.Current.Address(text));
        }
        catch (IOException) when (mayGoUnheard)
        {
            // A full disk, or a terminal that is gone.
        }
    }

    internal void Object<T>(T value, JsonTypeInfo<T> type)
    {
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(value, type));
    }

    /// <summary>Says what went wrong and what to do, and gives the exit code.</summary>
    internal int Fail(int code, string message) =>
        Fail(code, new VarlinkError(VarlinkError.Failed, new ErrorParameters(Reason: message)), message);

    /// <summary>The same for an error that the daemon sent.</summary>
    internal int Fail(int code, VarlinkReply reply, string message) => Fail(code, reply.Error!, message);

    private int Fail(int code, VarlinkError error, string message)
    {
        if (json)
            Console.WriteLine(Encoding.UTF8.GetString(VarlinkMessage.Error(error).Span).TrimEnd('\0'));
        Console.Error.WriteLine("unlockctl: " + Instance.Current.Address(message));
        return code;
    }
}

/// <summary>Exit codes of unlockctl; scripts rely on them.</summary>
internal static class ExitCode
{
    internal const int Success = 0;
    internal const int Failure = 1;
    internal const int WrongPassphrase = 2;
    internal const int Locked = 3;

    /// <summary>The daemon cannot be reached, or the container is not usable.</summary>
    internal const int Unavailable = 4;

    /// <summary>Busy, on hold, or the volume is held by somebody.</summary>
    internal const int Held = 5;

    /// <summary>
    /// EX_CONFIG of sysexits.h: the daemon's configuration is wrong; unlockd.service does not try again.
    /// </summary>
    internal const int Configuration = 78;

    /// <summary>Ended by Ctrl-C, as shells count it.</summary>
    internal const int Interrupted = 130;
}
