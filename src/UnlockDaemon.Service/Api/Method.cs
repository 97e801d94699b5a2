using System.Text.Json.Serialization.Metadata;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Api;

/// <summary>A row of the table of methods.</summary>
/// <param name="Access">Who may call it.</param>
/// <param name="Handler">What it does; it sends the replies.</param>
internal sealed record Method(Access Access, Func<Conversation, CancellationToken, Task> Handler);

/// <summary>Who may call a method.</summary>
internal enum Access
{
    /// <summary>Every user of the instance.</summary>
    Anyone,

    /// <summary>Root only.</summary>
    Root,
}

/// <summary>One call and its replies.</summary>
internal sealed class Conversation(MessageStream stream, VarlinkCall call, PeerCredentials peer)
{
    internal VarlinkCall Call => call;

    internal PeerCredentials Peer => peer;

    internal Task ReplyAsync<T>(
        T parameters, JsonTypeInfo<T> type, CancellationToken cancellation, bool continues = false) =>
        SendAsync(() => VarlinkMessage.Reply(parameters, type, continues), cancellation);

    internal Task FailAsync(string error, ErrorParameters parameters, CancellationToken cancellation) =>
        SendAsync(() => VarlinkMessage.Error(new VarlinkError(error, parameters)), cancellation);

    /// <summary>Waits until the caller is gone; what he sends meanwhile is kept.</summary>
    internal Task WhenClosedAsync(CancellationToken cancellation) => stream.WhenClosedAsync(cancellation);

    private Task SendAsync(Func<ReadOnlyMemory<byte>> message, CancellationToken cancellation) =>
        call.OneWay ? Task.CompletedTask : stream.SendAsync(message(), cancellation);
}
