using System.Diagnostics.CodeAnalysis;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>The order in which services start and stop: each after all that it depends on.</summary>
/// <remarks>
/// Among services that do not depend on each other the order of the configuration is kept, but it binds nobody: they
/// run side by side.
/// </remarks>
public sealed class ServicePlan
{
    private readonly Dictionary<string, List<string>> _dependents;

    private ServicePlan(IReadOnlyList<ServiceConfiguration> services)
    {
        Services = services;
        _dependents = services.ToDictionary(static s => s.Name, static _ => new List<string>());
        foreach (ServiceConfiguration service in services)
            foreach (string dependency in service.DependsOn.Distinct())
                _dependents[dependency].Add(service.Name);
    }

    /// <summary>All services, each after those it depends on; stopping goes backwards.</summary>
    public IReadOnlyList<ServiceConfiguration> Services { get; }

    /// <summary>Puts services in order.</summary>
    /// <param name="services">The services, in the order they are configured.</param>
    /// <param name="plan">The plan, if there is one.</param>
    /// <param name="error">The first mistake, if there is none.</param>
    /// <returns>Whether there is a plan.</returns>
    public static bool TryCreate(
        IReadOnlyList<ServiceConfiguration> services,
        [NotNullWhen(true)] out ServicePlan? plan,
        [NotNullWhen(false)] out ServicePlanError? error)
    {
        plan = null;
        error = FindDuplicate(services) ?? FindUnknown(services);
        if (error is not null)
            return false;
        var search = new DependencySearch(services);
        error = search.Run();
        if (error is null)
            plan = new ServicePlan(search.Order);
        return error is null;
    }

    /// <summary>The services that wait for this one, directly.</summary>
    /// <param name="name">A service's name.</param>
    /// <returns>Names, in the order of the plan.</returns>
    public IReadOnlyList<string> DependentsOf(string name) => _dependents[name];

    private static ServicePlanError? FindDuplicate(IReadOnlyList<ServiceConfiguration> services)
    {
        var names = new HashSet<string>();
        var units = new Dictionary<string, string>();
        foreach (ServiceConfiguration service in services)
        {
            if (!names.Add(service.Name))
                return new(service.Name, null, $"there are two services named {service.Name}");
            if (!units.TryAdd(service.Unit, service.Name))
                return new(
                    service.Name, null, $"services {units[service.Unit]} and {service.Name} have the same unit, {service.Unit}");
        }

        return null;
    }

    private static ServicePlanError? FindUnknown(IReadOnlyList<ServiceConfiguration> services)
    {
        foreach (ServiceConfiguration service in services)
            foreach (string dependency in service.DependsOn)
                if (!services.Any(other => other.Name == dependency))
                    return new(
                        service.Name, dependency, $"service {service.Name} depends on {dependency}, which is not configured");
        return null;
    }
}
