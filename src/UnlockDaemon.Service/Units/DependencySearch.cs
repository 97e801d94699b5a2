using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>A depth-first walk along dependencies: gives an order, or finds a loop.</summary>
internal sealed class DependencySearch(IReadOnlyList<ServiceConfiguration> services)
{
    private readonly Dictionary<string, ServiceConfiguration> _byName = services.ToDictionary(static s => s.Name);
    private readonly HashSet<string> _done = [];
    private readonly List<string> _path = [];

    /// <summary>The services walked over, each after those it depends on.</summary>
    internal List<ServiceConfiguration> Order { get; } = [];

    /// <summary>Walks over all services; ends early at a loop.</summary>
    internal ServicePlanError? Run()
    {
        foreach (ServiceConfiguration service in services)
            if (Visit(service) is { } loop)
                return loop;
        return null;
    }

    private ServicePlanError? Visit(ServiceConfiguration service)
    {
        if (_done.Contains(service.Name))
            return null;
        _path.Add(service.Name);
        foreach (string dependency in service.DependsOn)
        {
            int start = _path.IndexOf(dependency);
            ServicePlanError? loop = start >= 0 ? LoopFrom(start, service.Name) : Visit(_byName[dependency]);
            if (loop is not null)
                return loop;
        }

        _path.RemoveAt(_path.Count - 1);
        _done.Add(service.Name);
        Order.Add(service);
        return null;
    }

    private ServicePlanError LoopFrom(int start, string last)
    {
        string loop = string.Join(" -> ", _path.Skip(start).Append(_path[start]));
        return new(last, _path[start], $"services wait for each other in a loop: {loop}");
    }
}
