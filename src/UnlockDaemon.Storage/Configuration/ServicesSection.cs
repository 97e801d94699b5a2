using System.Buffers;
using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Reads "services".</summary>
internal sealed class ServicesSection
{
    private static readonly TimeSpan s_usualTimeout = TimeSpan.FromSeconds(90);

    private static readonly SectionKey[] s_keys =
    [
        new("unit", "mariadb.service"),
        new("depends_on", "[mysql]"),
        new("ready", "exec:/usr/bin/mysqladmin ping"),
        new("timeout", "90s"),
    ];

    private readonly Findings _findings;
    private readonly List<ServiceConfiguration> _services = [];
    private readonly Dictionary<string, string> _unitOwners = new(StringComparer.Ordinal);
    private readonly DependencyGraph _graph;

    private ServicesSection(Findings findings)
    {
        _findings = findings;
        _graph = new DependencyGraph(findings);
    }

    internal static List<ServiceConfiguration> Read(YamlMappingNode node, Findings findings)
    {
        ServicesSection reader = new(findings);
        foreach ((YamlNode key, YamlNode value) in node.Children)
            reader.ReadService((YamlScalarNode)key, value);
        reader._graph.Check();
        return reader._services;
    }

    private static string? NameProblem(string name)
    {
        foreach (char character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '-' or '.'))
                return "is not a name for a service; use letters, digits, _, - and .";
        }

        return name.Length is 0 or > 64 ? "is not a name for a service; use 1 to 64 characters" : null;
    }

    private void ReadService(YamlScalarNode key, YamlNode value)
    {
        string name = key.Value!;
        if (NameProblem(name) is { } problem)
            _findings.Add(key, $"services: \"{name}\" {problem}");
        if (value is YamlMappingNode mapping)
            ReadService(name, new Section(mapping, $"services.{name}", _findings, s_keys));
        else
            ReportType(key, value);
    }

    private void ReportType(YamlScalarNode key, YamlNode value)
    {
        string what = Section.IsNothing(value) ? "has no value" : $"is {Section.Describe(value)}";
        _findings.Add(value, $"services.{key.Value} {what}; a mapping (key: value) is wanted: "
            + $"write {key.Value}: {{ unit: {key.Value}.service }}");
        _graph.Add(key.Value!, []);
    }

    private void ReadService(string name, Section section)
    {
        string? unit = section.RequiredText("unit", UnitName.Problem);
        if (unit is not null && !_unitOwners.TryAdd(unit, name))
            section.Report("unit", $"\"{unit}\" is already the unit of {_unitOwners[unit]}; a unit is one service");
        List<YamlScalarNode> dependencies = section.Texts("depends_on", _findings, _ => null) ?? [];
        _graph.Add(name, dependencies);
        string? probe = section.Text("ready", ProbeSyntax.Problem);
        _services.Add(new ServiceConfiguration(
            name,
            unit ?? "",
            dependencies.ConvertAll(item => item.Value!),
            probe is null ? null : ProbeSyntax.Read(probe),
            section.Time("timeout", s_usualTimeout)));
    }
}

/// <summary>Which service waits for which; reports unknown ones, and loops by name.</summary>
internal sealed class DependencyGraph(Findings findings)
{
    private readonly Dictionary<string, List<YamlScalarNode>> _dependencies = new(StringComparer.Ordinal);
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly List<string> _chain = [];

    internal void Add(string service, List<YamlScalarNode> dependencies) => _dependencies[service] = dependencies;

    internal void Check()
    {
        foreach (string service in _dependencies.Keys)
            Follow(service);
    }

    private void Follow(string service)
    {
        if (_done.Contains(service))
            return;
        _chain.Add(service);
        foreach (YamlScalarNode dependency in _dependencies[service])
        {
            string name = dependency.Value!;
            int loop = _chain.IndexOf(name);
            if (loop >= 0)
                ReportLoop(dependency, string.Join(" -> ", [.. _chain[loop..], name]));
            else if (_dependencies.ContainsKey(name))
                Follow(name);
            else
                ReportUnknown(service, dependency);
        }

        _chain.RemoveAt(_chain.Count - 1);
        _done.Add(service);
    }

    private void ReportLoop(YamlScalarNode dependency, string loop) =>
        findings.Add(dependency, $"these services would wait for each other for ever: {loop}; "
            + "take one of them out of depends_on");

    private void ReportUnknown(string service, YamlScalarNode dependency) =>
        findings.Add(dependency, $"services.{service}.depends_on: there is no service \"{dependency.Value}\"; "
            + Spelling.Advice(dependency.Value!, [.. _dependencies.Keys]));
}

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
