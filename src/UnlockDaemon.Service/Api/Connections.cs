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
