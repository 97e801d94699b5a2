namespace UnlockDaemon.Checks;

/// <summary>How bad a <see cref="Finding"/> is.</summary>
internal enum FindingSeverity
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, but may not be what was meant.</summary>
    Warning,

    /// <summary>Unlocking will fail, or a secret may leak.</summary>
    Error,
}
