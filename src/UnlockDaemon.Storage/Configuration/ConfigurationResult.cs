using System.Diagnostics.CodeAnalysis;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>A configuration, or everything that is wrong with it.</summary>
public sealed class ConfigurationResult
{
    internal ConfigurationResult(UnlockdConfiguration configuration)
    {
        Configuration = configuration;
        Errors = [];
        WasRead = true;
    }

    internal ConfigurationResult(IReadOnlyList<ConfigurationError> errors, bool wasRead = true)
    {
        Errors = errors;
        WasRead = wasRead;
    }

    /// <summary>Whether there is a configuration, and so no error.</summary>
    [MemberNotNullWhen(true, nameof(Configuration))]
    public bool IsValid => Configuration is not null;

    /// <summary>The configuration; null when there are errors.</summary>
    public UnlockdConfiguration? Configuration { get; }

    /// <summary>
    /// Whether the file was read, and is wrong where there are errors: trying again would not mend it. A file that could
    /// not be read may be readable a moment later.
    /// </summary>
    public bool WasRead { get; }

    /// <summary>Every mistake, in the order of the file.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }
}

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

/// <summary>The mistakes found so far in one file.</summary>
internal sealed class Findings(string file)
{
    private readonly List<ConfigurationError> _errors = [];

    internal bool Any => _errors.Count > 0;

    internal void Add(Mark at, string message) =>
        _errors.Add(new ConfigurationError(file, (int)at.Line, (int)at.Column, message));

    internal void Add(YamlNode at, string message) => Add(at.Start, message);

    internal IReadOnlyList<ConfigurationError> InOrder()
    {
        // A stable order: two mistakes at one place stay as they were found.
        _errors.Sort((left, right) => (left.Line, left.Column).CompareTo((right.Line, right.Column)));
        return _errors;
    }
}
