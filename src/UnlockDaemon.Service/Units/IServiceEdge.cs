using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.Service.Units;

/// <summary>The edge between the services and what runs them: systemd, or the tests' simulation.</summary>
internal interface IServiceEdge : IDisposable
{
    /// <summary>Told of every change of a service, on any thread; must not wait or throw.</summary>
    Action<ServiceStatus>? Changed { get; set; }

    /// <summary>How a service does, as far as is known.</summary>
    ServiceStatus StatusOf(string name);

    /// <summary>Whether its unit is up or on its way, whether or not the service is ready.</summary>
    bool IsUp(string name);

    /// <summary>Finds out how it does, and follows it from there.</summary>
    Task ObserveAsync(string name, CancellationToken cancellationToken);

    /// <summary>Has it started, and waits until it is ready, or will not be.</summary>
    /// <param name="name">Which.</param>
    /// <param name="cancellationToken">Ends the waiting; what has begun goes on.</param>
    Task<bool> StartAsync(string name, CancellationToken cancellationToken);

    /// <summary>Has it stopped, with all that it left.</summary>
    /// <returns>Null if it is down; otherwise what is left of it, also when the waiting was ended.</returns>
    Task<RunningService?> StopAsync(string name, CancellationToken cancellationToken);

    /// <summary>Kills it.</summary>
    /// <returns>As of <see cref="StopAsync"/>.</returns>
    Task<RunningService?> KillAsync(string name, CancellationToken cancellationToken);

    /// <summary>Looks anew whether anything of it runs.</summary>
    Task<RunningService?> FindRemainsAsync(string name, CancellationToken cancellationToken);

    /// <summary>Lists its processes.</summary>
    Task<IReadOnlyList<int>> FindProcessesAsync(string name, CancellationToken cancellationToken);

    /// <summary>Says what it waits for before anything is done with it.</summary>
    void Await(string name, string reason);

    /// <summary>Says that it is left down because something that it needs is.</summary>
    Task BlockAsync(string name, string reason);
}

/// <summary>What services need of the machine; tests give their own.</summary>
/// <param name="Systemd">Starts, stops and follows units.</param>
/// <param name="Log">Reads log lines.</param>
/// <param name="ControlGroups">Where control groups are mounted.</param>
internal sealed record ServiceSurroundings(ISystemd Systemd, UnitLog Log, string ControlGroups);

/// <summary>Reads the last log lines of a unit's present or last run.</summary>
internal delegate Task<IReadOnlyList<string>> UnitLog(UnitState unit, CancellationToken cancellationToken);
