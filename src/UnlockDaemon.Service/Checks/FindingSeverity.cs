namespace UnlockDaemon.Service.Checks;

/// <summary>How bad a <see cref="Finding"/> is.</summary>
public enum FindingSeverity
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, but may not be what was meant.</summary>
    Warning,

    /// <summary>Unlocking will fail, or a secret may leak.</summary>
    Error,
}
