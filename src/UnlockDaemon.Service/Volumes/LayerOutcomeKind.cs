namespace UnlockDaemon.Service.Volumes;

/// <summary>Kinds of <see cref="LayerOutcome"/>.</summary>
internal enum LayerOutcomeKind
{
    /// <summary>The layer is up.</summary>
    Up,

    /// <summary>The passphrase does not open it.</summary>
    WrongPassphrase,

    /// <summary>It could not be brought up; the layers below are taken down again.</summary>
    Failed,

    /// <summary>It could not be brought up, and a person needs the layers below to mend it.</summary>
    NeedsPerson,
}
