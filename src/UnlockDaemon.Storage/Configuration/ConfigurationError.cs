namespace UnlockDaemon.Storage.Configuration;

/// <summary>One mistake in the configuration.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="Line">Line, from 1; 0 when the mistake is the file itself (missing, unreadable).</param>
/// <param name="Column">Column in characters, from 1; 0 when <paramref name="Line"/> is.</param>
/// <param name="Message">What is wrong and what to do.</param>
public sealed record ConfigurationError(string File, int Line, int Column, string Message)
{
    /// <summary>The mistake as compilers write it, so that editors can go there.</summary>
    /// <returns>"file:line:column: message", or "file: message".</returns>
    public override string ToString() => Line == 0 ? $"{File}: {Message}" : $"{File}:{Line}:{Column}: {Message}";
}
