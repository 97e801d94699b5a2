namespace UnlockDaemon.Checks;

/// <summary>What a check of the instance found.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Text">What was found, and what to do.</param>
internal sealed record Finding(FindingSeverity Severity, string Text);

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
