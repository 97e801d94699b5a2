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
