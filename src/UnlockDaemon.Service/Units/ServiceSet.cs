using System.Diagnostics;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>The services on the volume: started in their plan's order, stopped backwards, followed between.</summary>
/// <remarks>
/// Services that do not depend on each other go side by side. While all are as they should be, nothing here wakes up.
/// </remarks>
public sealed partial class ServiceSet : IDisposable
{
    private const int LogLines = 10;

    private readonly ServicePlan _plan;
    private readonly Dictionary<string, VolumeService> _services = [];
    private readonly ILogger _logger;
    private readonly Lock _publishing = new();
    private bool _allReady;

    /// <summary>Prepares services; nothing is known or done yet.</summary>
    /// <param name="services">The services.</param>
    /// <param name="systemd">Runs them.</param>
    /// <param name="logger">Told what becomes of them.</param>
    public ServiceSet(IReadOnlyList<ServiceConfiguration> services, ISystemd systemd, ILogger logger)
        : this(services, new ServiceSurroundings(systemd, ReadJournalAsync, "/sys/fs/cgroup"), logger)
    {
    }

    internal ServiceSet(
        IReadOnlyList<ServiceConfiguration> services, ServiceSurroundings surroundings, ILogger logger)
    {
        _plan = new ServicePlan(services);
        _logger = logger;
        foreach (ServiceConfiguration service in _plan.Services)
            _services.Add(service.Name, new VolumeService(service, surroundings, Publish));
        _allReady = AreAllReady;
    }

#pragma warning disable MA0046 // There is one sender; handlers need no reference to it.
    /// <summary>Told of every change of a service, one at a time, on any thread; must not wait or throw.</summary>
    public event Action<ServiceStatus>? Changed;

    /// <summary>Told when the last service became ready (true), or the first is no longer (false). As above.</summary>
    public event Action<bool>? ReadinessChanged;

    /// <summary>Told how long a service that was up took to stop.</summary>
    public event Action<string, TimeSpan>? StopTook;
#pragma warning restore MA0046

    /// <summary>All services as they are now, in the order they start.</summary>
    public IReadOnlyList<ServiceStatus> Current =>
        [.. _plan.Services.Select(service => _services[service.Name].Status)];

    /// <summary>Whether all are ready now.</summary>
    public bool AreAllReady
    {
        get
        {
            foreach (VolumeService service in _services.Values)
                if (service.Status.State != ServiceState.Ready)
                    return false;
            return true;
        }
    }

    /// <summary>Finds out how the services do, and follows them from here; does nothing to them.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Whether all are ready; one that is still coming up is "starting".</returns>
    public async Task<bool> ObserveAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_services.Values.Select(service => service.ObserveAsync(cancellationToken)));
        return AreAllReady;
    }

    /// <summary>Starts all services that are not ready, each when those it depends on are.</summary>
    /// <param name="cancellationToken">Ends the waiting; what systemd has begun goes on.</param>
    /// <returns>Whether all are ready. One that fails holds back those that depend on it, no others.</returns>
    public async Task<bool> StartAsync(CancellationToken cancellationToken)
    {
        var starts = new Dictionary<string, Task<bool>>();
        foreach (ServiceConfiguration service in _plan.Services)
            starts[service.Name] = StartAsync(service, starts, cancellationToken);
        bool[] ready = await Task.WhenAll(starts.Values);
        return Array.TrueForAll(ready, static isReady => isReady);
    }

    /// <summary>Stops all services, each when those that depend on it are down.</summary>
    /// <param name="cancellationToken">Ends the waiting: what is not down by then is in the result.</param>
    /// <returns>
    /// The services that did not stop, or that left processes; empty if all are down. Those that they depend on were
    /// left running.
    /// </returns>
    public async Task<IReadOnlyList<RunningService>> StopAsync(CancellationToken cancellationToken)
    {
        var stops = new Dictionary<string, Task<bool>>();
        var left = new List<RunningService>();
        foreach (ServiceConfiguration service in _plan.Services.Reverse())
            stops[service.Name] = StopAsync(service, stops, left, cancellationToken);
        await Task.WhenAll(stops.Values);
        return left;
    }

    /// <summary>Kills all services at once, in no order.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The services of which something is left.</returns>
    public async Task<IReadOnlyList<RunningService>> KillAsync(CancellationToken cancellationToken)
    {
        RunningService?[] left =
            await Task.WhenAll(_services.Values.Select(service => service.KillAsync(cancellationToken)));
        return [.. left.OfType<RunningService>()];
    }

    /// <summary>Asks systemd and the kernel anew what runs; does nothing to it.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One line for each service that is not down, or whose control group is not empty.</returns>
    public async Task<IReadOnlyList<string>> FindRunningAsync(CancellationToken cancellationToken)
    {
        RunningService?[] remains = await Task.WhenAll(
            _plan.Services.Select(service => _services[service.Name].FindRemainsAsync(cancellationToken)));
        return [.. remains.OfType<RunningService>().Select(static service => service.ToString())];
    }

    /// <summary>Lists the processes of all services: those in their control groups.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Process identifiers.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public async Task<IReadOnlySet<int>> FindProcessesAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<int>[] processes = await Task.WhenAll(
            _plan.Services.Select(service => _services[service.Name].FindProcessesAsync(cancellationToken)));
        return processes.SelectMany(static list => list).ToHashSet();
    }

    /// <summary>The longest that a start of all of them can take: one after the other, each just in time.</summary>
    internal TimeSpan LongestStart =>
        _plan.Services.Aggregate(TimeSpan.Zero, static (sum, service) => sum + service.Timeout);

    /// <summary>
    /// How long stopping all of them is known to take, one after the other where they depend on each other.
    /// </summary>
    /// <param name="history">What past stops took.</param>
    /// <returns>The time of the slowest chain; zero when nothing is known.</returns>
    internal TimeSpan EstimateStop(StopHistory history)
    {
        var ends = new Dictionary<string, TimeSpan>();
        foreach (ServiceConfiguration service in _plan.Services.Reverse())
        {
            TimeSpan begin = _plan.DependentsOf(service.Name).Select(name => ends[name]).DefaultIfEmpty().Max();
            bool isUp = _services[service.Name].Status.State != ServiceState.Stopped;
            ends[service.Name] = begin + (isUp ? history.Longest(service.Name) : TimeSpan.Zero);
        }

        return ends.Values.DefaultIfEmpty().Max();
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
        long begin = Stopwatch.GetTimestamp();
        // The stop of one that starts also waits for that.
        bool wasUp = _services[configuration.Name].Status.State is not (ServiceState.Stopped or ServiceState.Starting);
        RunningService? running = await _services[configuration.Name].StopAsync(cancellationToken);
        if (running is null)
        {
            if (wasUp)
                StopTook?.Invoke(configuration.Name, Stopwatch.GetElapsedTime(begin));
            return true;
        }

        lock (left)
            left.Add(running);
        return false;
    }

    private void Publish(ServiceStatus status)
    {
        lock (_publishing)
        {
            if (status.State == ServiceState.Failed)
                LogFailed(status.Name, status.Detail, status.Unit);
            else if (status.State == ServiceState.Ready)
                LogReady(status.Name, status.ToString(), status.Unit);
            Changed?.Invoke(status);
            if (_allReady == AreAllReady)
                return;
            _allReady = !_allReady;
            ReadinessChanged?.Invoke(_allReady);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Service}: {Status}")]
    private partial void LogReady(string service, string status, string unit);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Service}: {Reason}")]
    private partial void LogFailed(string service, string reason, string unit);
}
