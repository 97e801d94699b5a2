using System.Diagnostics.CodeAnalysis;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>The order in which services start and stop: each after all that it depends on.</summary>
/// <remarks>
/// Services that do not depend on each other keep the order of the configuration here, but run side by side.
/// </remarks>
internal sealed class ServicePlan
{
    private readonly Dictionary<string, List<string>> _dependents = [];

    private ServicePlan(IReadOnlyList<ServiceConfiguration> services)
    {
        Services = services;
        foreach (ServiceConfiguration service in services)
            _dependents[service.Name] = [];
        foreach (ServiceConfiguration service in services)
            foreach (string dependency in service.DependsOn)
                if (!_dependents[dependency].Contains(service.Name))
                    _dependents[dependency].Add(service.Name);
    }

    /// <summary>All services, each after those it depends on; stopping goes backwards.</summary>
    internal IReadOnlyList<ServiceConfiguration> Services { get; }

    /// <summary>Puts services in order.</summary>
    /// <param name="services">The services, in the order they are configured.</param>
    /// <param name="plan">The plan, if there is one.</param>
    /// <param name="mistake">Why there is none, with the names of all services that have a part in it.</param>
    internal static bool TryCreate(
        IReadOnlyList<ServiceConfiguration> services,
        [NotNullWhen(true)] out ServicePlan? plan,
        [NotNullWhen(false)] out string? mistake)
    {
        plan = null;
        mistake = FindDuplicate(services) ?? FindUnknown(services);
        if (mistake is not null)
            return false;
        var search = new DependencySearch(services);
        if (search.TryOrder(out List<ServiceConfiguration>? order, out mistake))
            plan = new ServicePlan(order);
        return plan is not null;
    }

    /// <summary>The services that wait for this one, directly, in the order of the plan.</summary>
    internal IReadOnlyList<string> DependentsOf(string name) => _dependents[name];

    private static string? FindDuplicate(IReadOnlyList<ServiceConfiguration> services)
    {
        var names = new HashSet<string>();
        foreach (ServiceConfiguration service in services)
            if (!names.Add(service.Name))
                return $"there are two services named {service.Name}";
        return null;
    }

    private static string? FindUnknown(IReadOnlyList<ServiceConfiguration> services)
    {
        foreach (ServiceConfiguration service in services)
            foreach (string dependency in service.DependsOn)
                if (!IsAmong(services, dependency))
                    return $"service {service.Name} depends on {dependency}, which is not configured";
        return null;
    }

    private static bool IsAmong(IReadOnlyList<ServiceConfiguration> services, string name)
    {
        foreach (ServiceConfiguration service in services)
            if (service.Name == name)
                return true;
        return false;
    }
}
