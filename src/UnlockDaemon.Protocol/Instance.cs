using System.Buffers;

namespace UnlockDaemon.Protocol;

/// <summary>
/// One of the volumes of this machine, each with a daemon of its own: unlockd.service, or unlockd@NAME.service.
/// </summary>
/// <param name="Name">Its name; empty for the usual one.</param>
public sealed record Instance(string Name)
{
    /// <summary>Where the configurations of all of them lie.</summary>
    public const string ConfigurationDirectory = "/etc/unlockd";

    private const string UsualName = "unlockd";
    private const string Extension = ".yaml";
    private const int LongestName = 32;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    // Directories of these names are something else's: the usual configuration, the node's package.
    private static readonly string[] s_taken = [UsualName, "ganeti"];

    /// <summary>The one that this process is, or speaks of.</summary>
    public static Instance Current { get; private set; } = new("");

    /// <summary>Whether it is the one without a name.</summary>
    public bool IsUsual => Name.Length == 0;

    /// <summary>Its configuration.</summary>
    public string Configuration => $"{ConfigurationDirectory}/{(IsUsual ? UsualName : Name)}{Extension}";

    /// <summary>Its socket, and what else is there only while it runs.</summary>
    public string RuntimeDirectory => $"/run/unlockd{Suffix}";

    /// <summary>Its control socket.</summary>
    public string Socket => RuntimeDirectory + "/org.unlockd";

    /// <summary>What it remembers.</summary>
    public string StateDirectory => $"/var/lib/unlockd{Suffix}";

    /// <summary>Its service.</summary>
    public string Unit => IsUsual ? "unlockd.service" : $"unlockd@{Name}.service";

    /// <summary>Makes names of files that the instances have side by side: "-NAME", or nothing.</summary>
    public string Suffix => IsUsual ? "" : "-" + Name;

    /// <summary>Says which one this process is, as it starts; unlockctl also goes from one to the next.</summary>
    /// <param name="instance">The instance.</param>
    public static void Use(Instance instance) => Current = instance;

    /// <summary>What is wrong with a name, as it follows it; null for nothing.</summary>
    /// <param name="name">The name, as given by an operator.</param>
    /// <returns>The fault and what to do.</returns>
    public static string? Problem(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExcept(s_allowed) || name[0] == '-')
            return $"is no name for an instance; use 1 to {LongestName} letters, digits, _ and -";
        return Array.IndexOf(s_taken, name) < 0
            ? null
            : "is taken; give the instance another name, or leave --instance out for the usual one";
    }

    /// <summary>The instances that have a configuration: the usual one first, then by name.</summary>
    /// <returns>The instances; files whose names cannot be those of an instance are left out.</returns>
    public static IReadOnlyList<Instance> Configured()
    {
        if (!Directory.Exists(ConfigurationDirectory))
            return [];
        IEnumerable<string> names = Directory.EnumerateFiles(ConfigurationDirectory, "*" + Extension)
            .Select(static file => Path.GetFileNameWithoutExtension(file));
        return
        [
            .. names.Where(static name => name == UsualName || Problem(name) is null)
                .Select(static name => new Instance(name == UsualName ? "" : name))
                .OrderBy(static instance => instance.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Makes advice that names a command right for this instance.</summary>
    /// <param name="text">Text for people, with commands in quotes.</param>
    /// <returns>The same with --instance and the instance's unit.</returns>
    public string Address(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return IsUsual
            ? text
            : text.Replace("'unlockctl ", $"'unlockctl --instance {Name} ", StringComparison.Ordinal)
                .Replace("systemctl restart unlockd'", $"systemctl restart unlockd@{Name}'", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public override string ToString() => IsUsual ? "the usual instance" : $"instance {Name}";
}
