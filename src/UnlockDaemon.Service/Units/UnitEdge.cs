using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>The services as units of systemd.</summary>
internal sealed class UnitEdge : IServiceEdge
{
    private readonly Dictionary<string, VolumeService> _services = new(StringComparer.Ordinal);

    internal UnitEdge(IEnumerable<ServiceConfiguration> services, ServiceSurroundings surroundings)
    {
        foreach (ServiceConfiguration service in services)
            _services.Add(service.Name, new VolumeService(service, surroundings, status => Changed?.Invoke(status)));
    }

    /// <inheritdoc/>
    public Action<ServiceStatus>? Changed { get; set; }

    /// <inheritdoc/>
    public ServiceStatus StatusOf(string name) => _services[name].Status;

    /// <inheritdoc/>
    public bool IsUp(string name) => _services[name].IsUp;

    /// <inheritdoc/>
    public Task ObserveAsync(string name, CancellationToken cancellationToken) =>
        OffStrand(() => _services[name].ObserveAsync(cancellationToken));

    /// <inheritdoc/>
    public Task<bool> StartAsync(string name, CancellationToken cancellationToken) =>
        OffStrand(() => _services[name].StartAsync(cancellationToken));

    /// <inheritdoc/>
    public Task<RunningService?> StopAsync(string name, CancellationToken cancellationToken) =>
        OffStrand(() => _services[name].StopAsync(cancellationToken));

    /// <inheritdoc/>
    public Task<RunningService?> KillAsync(string name, CancellationToken cancellationToken) =>
        OffStrand(() => _services[name].KillAsync(cancellationToken));

    /// <inheritdoc/>
    public Task<RunningService?> FindRemainsAsync(string name, CancellationToken cancellationToken) =>
        OffStrand(() => _services[name].FindRemainsAsync(cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<int>> FindProcessesAsync(string name, CancellationToken cancellationToken) =>
        OffStrand(() => _services[name].FindProcessesAsync(cancellationToken));

    /// <inheritdoc/>
    public void Await(string name, string reason) => _services[name].Await(reason);

    /// <inheritdoc/>
    public Task BlockAsync(string name, string reason) =>
        OffStrand(() => _services[name].BlockAsync(reason));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VolumeService service in _services.Values)
            service.Dispose();
    }

    /// <summary>What waits for a unit waits beside the strand that asked for it.</summary>
    private static Task<T> OffStrand<T>(Func<Task<T>> work) => Task.Run(work);

    private static Task OffStrand(Func<Task> work) => Task.Run(work);
}
