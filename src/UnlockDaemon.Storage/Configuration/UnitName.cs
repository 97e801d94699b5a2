using System.Buffers;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Names of systemd units. Source: systemd.unit(5), "Description".</summary>
internal static class UnitName
{
    private const int MaximumLength = 255;

    // The kinds that run something; the others (mount, slice, ...) are no services.
    private static readonly string[] s_suffixes = [".service", ".target", ".socket", ".timer", ".path"];

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@");

    /// <summary>What is wrong with a unit, as it follows its name; null for nothing.</summary>
    internal static string? Problem(string name)
    {
        if (name.Length == 0)
            return "is empty; write the unit's name, such as mariadb.service";
        if (name.StartsWith('.') || name.AsSpan().ContainsAnyExcept(s_allowed) || name.Length > MaximumLength)
            return "is not the name of a unit; write it as systemctl list-units shows it";
        int dot = name.LastIndexOf('.');
        string suffix = dot < 0 ? "" : name[dot..];
        if (Array.IndexOf(s_suffixes, suffix) < 0)
            return SuffixAdvice(name, suffix);
        if (name == "unlockd.service" || name.StartsWith("unlockd@", StringComparison.Ordinal))
            return "is unlockd itself; name a service that lives on the volume";
        return name[dot - 1] == '@' ? $"is a template; write which instance, such as {name[..dot]}main{suffix}" : null;
    }

    private static string SuffixAdvice(string name, string suffix)
    {
        if (Spelling.Nearest(suffix, s_suffixes) is { } meant)
            return $"has an unknown ending; did you mean \"{name[..^suffix.Length]}{meant}\"?";
        return suffix is ".mount" or ".automount" or ".swap" or ".device" or ".slice" or ".scope"
            ? "is no service; unlockd starts units that end in " + string.Join(", ", s_suffixes)
            : $"does not say what kind of unit it is; did you mean \"{name}.service\"?";
    }
}
