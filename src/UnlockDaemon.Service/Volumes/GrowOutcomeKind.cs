namespace UnlockDaemon.Service.Volumes;

/// <summary>Kinds of <see cref="GrowOutcome"/>.</summary>
public enum GrowOutcomeKind
{
    /// <summary>Container, mapping and file system have the wanted size.</summary>
    Grown,

    /// <summary>The mapping needs the key again, and no passphrase came; nothing was done.</summary>
    PassphraseNeeded,

    /// <summary>The passphrase opens nothing; nothing was done.</summary>
    WrongPassphrase,

    /// <summary>Something else is under way; nothing was done.</summary>
    Busy,

    /// <summary>Refused before anything was done, or ended on the way; the same call finishes what was begun.</summary>
    Failed,
}
