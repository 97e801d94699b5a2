namespace UnlockDaemon.Service.Volumes;

/// <summary>What came of an attempt to unlock.</summary>
public enum UnlockOutcome
{
    /// <summary>The volume is mounted; services are being started.</summary>
    Mounted,

    /// <summary>The passphrase opens nothing.</summary>
    WrongPassphrase,

    /// <summary>A passphrase is needed and none was given.</summary>
    PassphraseNeeded,

    /// <summary>Something else is under way.</summary>
    Busy,

    /// <summary>Locked on purpose, until released.</summary>
    OnHold,

    /// <summary>The container or the mount point is not usable, whatever the passphrase.</summary>
    Unusable,

    /// <summary>A step failed.</summary>
    Failed,
}
