using System.Diagnostics.CodeAnalysis;

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
