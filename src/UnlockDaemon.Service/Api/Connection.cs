using UnlockDaemon.Protocol;

namespace UnlockDaemon.Service.Api;

/// <summary>A connection to the control socket.</summary>
/// <param name="stream">Its messages; disposed of by whoever serves it.</param>
/// <param name="peer">Who made it.</param>
internal sealed class Connection(MessageStream stream, PeerCredentials peer)
{
    private volatile bool _busy;

    internal MessageStream Stream => stream;

    internal PeerCredentials Peer => peer;

    /// <summary>Ends when it is served no more; whatever goes wrong with it is told there.</summary>
    internal Task Serving { get; set; } = Task.CompletedTask;

    /// <summary>Whether a call is being answered that must not be cut off.</summary>
    internal bool Busy
    {
        get => _busy;
        set => _busy = value;
    }
}
