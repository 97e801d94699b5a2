using System.Diagnostics.CodeAnalysis;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>A depth-first walk along dependencies that are all known: gives an order, or finds a loop.</summary>
internal sealed class DependencySearch
{
    private readonly IReadOnlyList<ServiceConfiguration> _services;
    private readonly Dictionary<string, ServiceConfiguration> _byName = [];
    private readonly HashSet<string> _done = [];
    private readonly List<string> _path = [];
    private readonly List<ServiceConfiguration> _order = [];

    internal DependencySearch(IReadOnlyList<ServiceConfiguration> services)
    {
        _services = services;
        foreach (ServiceConfiguration service in services)
            _byName.Add(service.Name, service);
    }

    /// <summary>Walks over all services; ends early at a loop.</summary>
    internal bool TryOrder(
        [NotNullWhen(true)] out List<ServiceConfiguration>? order, [NotNullWhen(false)] out string? loop)
    {
        loop = null;
        foreach (ServiceConfiguration service in _services)
            loop ??= Visit(service);
        order = loop is null ? _order : null;
        return order is not null;
    }

    private string? Visit(ServiceConfiguration service)
    {
        if (_done.Contains(service.Name))
            return null;
        _path.Add(service.Name);
        foreach (string dependency in service.DependsOn)
        {
            int start = _path.IndexOf(dependency);
            string? loop = start >= 0 ? LoopFrom(start) : Visit(_byName[dependency]);
            if (loop is not null)
                return loop;
        }

        _path.RemoveAt(_path.Count - 1);
        _done.Add(service.Name);
        _order.Add(service);
        return null;
    }

    private string LoopFrom(int start) =>
        $"services wait for each other in a loop: {string.Join(" -> ", [.. _path[start..], _path[start]])}";
}
