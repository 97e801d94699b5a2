using System.Diagnostics.CodeAnalysis;

namespace UnlockDaemon.Service.Configuration;

/// <summary>A configuration, or everything that is wrong with it.</summary>
public sealed class ConfigurationResult
{
    internal ConfigurationResult(UnlockdConfiguration configuration)
    {
        Configuration = configuration;
        Errors = [];
    }

    internal ConfigurationResult(IReadOnlyList<ConfigurationError> errors) => Errors = errors;

    /// <summary>Whether there is a configuration, and so no error.</summary>
    [MemberNotNullWhen(true, nameof(Configuration))]
    public bool IsValid => Configuration is not null;

    /// <summary>The configuration; null when there are errors.</summary>
    public UnlockdConfiguration? Configuration { get; }

    /// <summary>Every mistake, in the order of the file.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }
}
