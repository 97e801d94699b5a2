using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tmds.Linux;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Service.Api;

/// <summary>
/// The connections that are served. Whoever opens many and says nothing loses them, oldest first: users before root,
/// and root's only to root, who is never turned away. No user has so many that the others get none.
/// </summary>
/// <param name="limit">How many there may be before room is made.</param>
/// <param name="limitOfUser">How many of them may be one user's, who is not root.</param>
internal sealed class Connections(int limit, int limitOfUser)
{
    private readonly Lock _lock = new();
    private readonly List<Connection> _all = [];

    /// <summary>Those who serve them.</summary>
    internal Task[] Serving
    {
        get
        {
            lock (_lock)
                return [.. _all.Select(static connection => connection.Serving)];
        }
    }

    /// <summary>Takes one in, in place of an idle one at the limit.</summary>
    /// <returns>False when there is no room for it.</returns>
    internal bool TryAdd(Connection connection)
    {
        uint user = connection.Peer.Uid;
        lock (_lock)
        {
            if (user != 0 && _all.Count(other => other.Peer.Uid == user) >= limitOfUser
                && !TryClose(_all.Find(other => !other.Busy && other.Peer.Uid == user)))
                return false;
            if (_all.Count >= limit && !TryMakeRoom(user == 0) && user != 0)
                return false;
            _all.Add(connection);
            return true;
        }
    }

    /// <summary>Forgets one that has ended.</summary>
    internal void Remove(Connection connection)
    {
        lock (_lock)
            _all.Remove(connection);
    }

    private bool TryMakeRoom(bool forRoot)
    {
        Connection? idle = _all.Find(static other => !other.Busy && other.Peer.Uid != 0);
        if (idle is null && forRoot)
            idle = _all.Find(static other => !other.Busy);
        return TryClose(idle);
    }

    private bool TryClose(Connection? idle)
    {
        if (idle is null)
            return false;
        _all.Remove(idle);
        // Who serves it may be reading a message at this moment, and gives its memory back himself.
        idle.Stream.HangUp();
        return true;
    }
}

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

/// <summary>Who is at the other end of a socket, as the kernel saw it connect. Source: unix(7), SO_PEERCRED.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="Uid">Its user.</param>
internal sealed record PeerCredentials(int Pid, uint Uid)
{
    internal static PeerCredentials Of(Socket socket)
    {
        ucred credentials = default;
        socket.GetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_PEERCRED,
            MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref credentials, 1)));
        return new PeerCredentials(credentials.pid, credentials.uid);
    }
}
