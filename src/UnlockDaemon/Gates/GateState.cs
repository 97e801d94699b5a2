namespace UnlockDaemon.Gates;

/// <summary>How a drop-in on disk stands to what it should be.</summary>
internal enum GateState
{
    /// <summary>As it should be.</summary>
    Applied,

    /// <summary>As it should be on disk, but systemd does not know it yet.</summary>
    Unread,

    /// <summary>A configured unit has none.</summary>
    Missing,

    /// <summary>Written by unlockctl, for another mount point or by another version.</summary>
    Outdated,

    /// <summary>Written by unlockctl, for a unit that is not configured.</summary>
    Stale,

    /// <summary>In the way: a file of this name that unlockctl did not write. It is left alone.</summary>
    Foreign,
}
