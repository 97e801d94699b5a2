namespace UnlockDaemon.Service.Volumes;

/// <summary>What can happen to the volume.</summary>
public enum VolumeEvent
{
    /// <summary>The daemon started, and the kernel has nothing of the volume.</summary>
    FoundLocked,

    /// <summary>The daemon started, and the volume is mounted.</summary>
    FoundMounted,

    /// <summary>The daemon started, and some layers are up but the volume is not mounted.</summary>
    FoundHalfUp,

    /// <summary>It is not mounted any more, and not by a lock.</summary>
    FoundUnmounted,

    /// <summary>Somebody wants it unlocked.</summary>
    UnlockRequested,

    /// <summary>It did not open; everything that was brought up is down again.</summary>
    NotOpened,

    /// <summary>It is mounted.</summary>
    Mounted,

    /// <summary>All services are ready.</summary>
    AllReady,

    /// <summary>A service is not ready.</summary>
    NotAllReady,

    /// <summary>Somebody wants it locked.</summary>
    LockRequested,

    /// <summary>All services have stopped.</summary>
    ServicesStopped,

    /// <summary>The lock cannot be finished; the volume is still mounted.</summary>
    LockRefused,

    /// <summary>All layers are down.</summary>
    Detached,

    /// <summary>A layer neither came up nor went down; the rest is left for a person to look at.</summary>
    Stuck,

    /// <summary>In an emergency the key was wiped, whatever was mounted or ran.</summary>
    KeyWiped,
}
