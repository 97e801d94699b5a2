using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>The order in which services start and stop: each after all that it depends on.</summary>
/// <remarks>
/// Services that do not depend on each other keep the order of the configuration here, but run side by side.
/// </remarks>
internal sealed class ServicePlan
{
    private readonly Dictionary<string, ServiceConfiguration> _byName;
    private readonly ILookup<string, string> _dependents;
    private readonly List<ServiceConfiguration> _order = [];

    /// <summary>Puts services in order.</summary>
    /// <param name="services">
    /// The services, in the order they are configured. The loader has refused two of one name, dependencies that are
    /// not among them, and loops.
    /// </param>
    internal ServicePlan(IReadOnlyList<ServiceConfiguration> services)
    {
        _byName = services.ToDictionary(static service => service.Name);
        foreach (ServiceConfiguration service in services)
            Append(service, []);
        _dependents = _order
            .SelectMany(static service => service.DependsOn.Distinct(), static (service, on) => (service.Name, On: on))
            .ToLookup(static edge => edge.On, static edge => edge.Name);
    }

    /// <summary>All services, each after those it depends on; stopping goes backwards.</summary>
    internal IReadOnlyList<ServiceConfiguration> Services => _order;

    /// <summary>The services that wait for this one, directly, in the order of the plan.</summary>
    internal IReadOnlyList<string> DependentsOf(string name) => [.. _dependents[name]];

    private void Append(ServiceConfiguration service, List<string> waiting)
    {
        if (waiting.Contains(service.Name))
            throw new ArgumentException($"services wait for each other in a loop: {string.Join(" -> ", waiting)}");
        if (_order.Contains(service))
            return;
        foreach (string dependency in service.DependsOn)
            Append(_byName[dependency], [.. waiting, service.Name]);
        _order.Add(service);
    }
}
