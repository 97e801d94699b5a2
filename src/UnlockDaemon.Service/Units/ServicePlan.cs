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

/// <summary>What is to be done about one service that is to be up, and why. Pure: the same facts, the same move.</summary>
/// <param name="Kind">What.</param>
/// <param name="Reason">What it waits for.</param>
internal readonly record struct ServiceMove(MoveKind Kind, string Reason = "")
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(10);

    /// <summary>Decides.</summary>
    /// <param name="service">The service.</param>
    /// <param name="standing">How this one and those it depends on stand.</param>
    /// <param name="now">The time: a timestamp.</param>
    internal static ServiceMove Of(ServiceConfiguration service, Func<string, ServiceStanding> standing, long now)
    {
        ServiceStanding own = standing(service.Name);
        if (own.IsAtWork || own.State is ServiceState.Ready or ServiceState.Starting or ServiceState.Stopping)
            return default;
        string[] missing = [.. service.DependsOn.Where(name => standing(name).State != ServiceState.Ready)];
        if (missing.Length == 0)
            return !own.WasTried || (!own.IsUp && now >= own.RetryAt) ? new(MoveKind.Start) : default;
        // What it failed of itself says more than what it would wait for.
        if (own is { WasTried: true, State: ServiceState.Failed })
            return default;
        string end = Array.TrueForAll(missing, name => standing(name).State == ServiceState.Stopped) ? "is down" : "failed";
        return Array.TrueForAll(missing, name => standing(name).IsSettled)
            ? new(MoveKind.Block, $"waits for {string.Join(" and ", missing)}, which {end}")
            : new(MoveKind.Await, $"waits for {string.Join(", ", service.DependsOn)}");
    }

    /// <summary>When time alone makes a service's move a start: a timestamp; the largest one for never.</summary>
    /// <param name="service">The service.</param>
    /// <param name="standing">How this one and those it depends on stand.</param>
    internal static long NextTry(ServiceConfiguration service, Func<string, ServiceStanding> standing) =>
        standing(service.Name) is { IsAtWork: false, IsUp: false, WasTried: true, State: ServiceState.Failed } own
            && service.DependsOn.All(name => standing(name).State == ServiceState.Ready)
            ? own.RetryAt
            : long.MaxValue;

    /// <summary>How long to wait after so many failures: twice as long each time, and never for good.</summary>
    internal static TimeSpan PauseAfter(int failures)
    {
        TimeSpan pause = s_firstPause * Math.Pow(2, Math.Min(failures - 1, 10));
        return pause < s_longestPause ? pause : s_longestPause;
    }
}

/// <summary>What is to be done about a service that is to be up.</summary>
internal enum MoveKind
{
    /// <summary>Nothing: it is up, or on its way, or its time has not come.</summary>
    Leave,

    /// <summary>It is to be started.</summary>
    Start,

    /// <summary>It waits for services that are on their way.</summary>
    Await,

    /// <summary>It is held back by services that failed.</summary>
    Block,
}

/// <summary>How a service stands, as the decision needs it.</summary>
/// <param name="State">How it does.</param>
/// <param name="IsUp">Whether its unit is up or on its way.</param>
/// <param name="IsAtWork">Whether its start is under way here.</param>
/// <param name="WasTried">Whether it was started since it is wanted, and not only held back.</param>
/// <param name="RetryAt">When it may be tried again: a timestamp.</param>
/// <param name="IsWanted">Whether it is to run.</param>
internal readonly record struct ServiceStanding(
    ServiceState State, bool IsUp, bool IsAtWork, bool WasTried, long RetryAt, bool IsWanted)
{
    /// <summary>Whether it is ready, or will not be until something happens.</summary>
    internal bool IsSettled => !IsAtWork && State switch
    {
        ServiceState.Ready or ServiceState.Failed => true,
        ServiceState.Stopped => !IsWanted,
        _ => false,
    };
}
