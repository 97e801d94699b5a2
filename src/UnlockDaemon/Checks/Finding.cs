namespace UnlockDaemon.Checks;

/// <summary>What a check of the instance found.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Text">What was found, and what to do.</param>
internal sealed record Finding(FindingSeverity Severity, string Text);
