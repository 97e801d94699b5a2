using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>The services on the volume: started in the order of their plan, stopped backwards, followed between.</summary>
/// <remarks>
/// One caller at a time observes, starts or stops. Services that do not depend on each other go side by side. While
/// all are as they should be, nothing here wakes up.
/// </remarks>
public sealed class ServiceSet : IDisposable
{
    private const int LogLines = 10;

    private readonly ServicePlan _plan;
    private readonly Dictionary<string, VolumeService> _services = [];
    private readonly Action<ServiceStatus> _changed;
    private IProgress<ServiceStatus>? _progress;

    /// <summary>Prepares services; nothing is known or done yet.</summary>
    /// <param name="plan">The services and their order.</param>
    /// <param name="systemd">Runs them.</param>
    /// <param name="changed">Told of every change of a service, on any thread; must not wait or throw.</param>
    public ServiceSet(ServicePlan plan, ISystemd systemd, Action<ServiceStatus> changed)
        : this(plan, new ServiceSurroundings(systemd, ReadJournalAsync, "/sys/fs/cgroup"), changed)
    {
    }

    internal ServiceSet(ServicePlan plan, ServiceSurroundings surroundings, Action<ServiceStatus> changed)
    {
        _plan = plan;
        _changed = changed;
        foreach (ServiceConfiguration service in plan.Services)
            _services.Add(service.Name, new VolumeService(service, surroundings, Publish));
    }

    /// <summary>All services as they are now, in the order they start.</summary>
    public IReadOnlyList<ServiceStatus> Current =>
        [.. _plan.Services.Select(service => _services[service.Name].Status)];

    /// <summary>Finds out how the services do, and follows them from here.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>When each is known; a service that is still coming up is then "starting".</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public Task ObserveAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_services.Values.Select(service => service.ObserveAsync(cancellationToken)));

    /// <summary>Starts all services that are not ready, each when those it depends on are.</summary>
    /// <param name="progress">Told of every change meanwhile; null if nobody looks.</param>
    /// <param name="cancellationToken">Ends the waiting; what systemd has begun goes on.</param>
    /// <returns>Whether all are ready. A service that fails holds back those that depend on it, no others.</returns>
    public async Task<bool> StartAsync(IProgress<ServiceStatus>? progress, CancellationToken cancellationToken)
    {
        _progress = progress;
        try
        {
            var starts = new Dictionary<string, Task<bool>>();
            foreach (ServiceConfiguration service in _plan.Services)
                starts[service.Name] = StartAsync(service, starts, cancellationToken);
            bool[] ready = await Task.WhenAll(starts.Values);
            return Array.TrueForAll(ready, static isReady => isReady);
        }
        finally
        {
            _progress = null;
        }
    }

    /// <summary>Stops all services, each when those that depend on it are down.</summary>
    /// <param name="progress">Told of every change meanwhile; null if nobody looks.</param>
    /// <param name="cancellationToken">Ends the waiting: what is not down by then is in the result.</param>
    /// <returns>
    /// The services that did not stop, or that left processes; empty if all are down. Those that they depend on were
    /// left running.
    /// </returns>
    public async Task<IReadOnlyList<RunningService>> StopAsync(
        IProgress<ServiceStatus>? progress, CancellationToken cancellationToken)
    {
        _progress = progress;
        try
        {
            var stops = new Dictionary<string, Task<bool>>();
            var left = new List<RunningService>();
            foreach (ServiceConfiguration service in _plan.Services.Reverse())
                stops[service.Name] = StopAsync(service, stops, left, cancellationToken);
            await Task.WhenAll(stops.Values);
            return left;
        }
        finally
        {
            _progress = null;
        }
    }

    /// <summary>Ends the following; the services themselves go on.</summary>
    public void Dispose()
    {
        foreach (VolumeService service in _services.Values)
            service.Dispose();
    }

    private static Task<IReadOnlyList<string>> ReadJournalAsync(UnitState unit, CancellationToken cancellationToken) =>
        Journal.ReadLastAsync(unit, LogLines, cancellationToken);

    private async Task<bool> StartAsync(
        ServiceConfiguration configuration, Dictionary<string, Task<bool>> starts, CancellationToken cancellationToken)
    {
        VolumeService service = _services[configuration.Name];
        if (service.Status.State == ServiceState.Ready)
            return true;
        Task<bool>[] dependencies = [.. configuration.DependsOn.Select(name => starts[name])];
        if (!Array.TrueForAll(dependencies, static start => start.IsCompleted))
            service.Await($"waits for {string.Join(", ", configuration.DependsOn)}");
        bool[] ready = await Task.WhenAll(dependencies);
        string[] failed = [.. configuration.DependsOn.Where((_, i) => !ready[i])];
        return failed.Length == 0
            ? await service.StartAsync(cancellationToken)
            : await service.BlockAsync($"waits for {string.Join(" and ", failed)}, which failed");
    }

    private async Task<bool> StopAsync(
        ServiceConfiguration configuration,
        Dictionary<string, Task<bool>> stops,
        List<RunningService> left,
        CancellationToken cancellationToken)
    {
        bool[] down = await Task.WhenAll(_plan.DependentsOf(configuration.Name).Select(name => stops[name]));
        if (Array.Exists(down, static isDown => !isDown))
            return false;
        RunningService? running = await _services[configuration.Name].StopAsync(cancellationToken);
        if (running is null)
            return true;
        lock (left)
            left.Add(running);
        return false;
    }

    private void Publish(ServiceStatus status)
    {
        _progress?.Report(status);
        _changed(status);
    }
}
