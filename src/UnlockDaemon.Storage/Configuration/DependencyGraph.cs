using YamlDotNet.RepresentationModel;

namespace UnlockDaemon.Storage.Configuration;

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
