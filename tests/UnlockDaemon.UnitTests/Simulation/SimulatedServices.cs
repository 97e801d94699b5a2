using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>The services as one daemon sees and moves them; the units themselves are the machine's.</summary>
internal sealed class SimulatedServices : IServiceEdge
{
    private readonly Dictionary<string, SimulatedService> _services = new(StringComparer.Ordinal);

    internal SimulatedServices(World world, IEnumerable<ServiceConfiguration> services, SimulatedStrand strand)
    {
        foreach (ServiceConfiguration service in services)
        {
            _services.Add(service.Name, new SimulatedService(
                service, world, strand, status => Changed?.Invoke(status)));
        }
    }

    /// <inheritdoc/>
    public Action<ServiceStatus>? Changed { get; set; }

    /// <inheritdoc/>
    public ServiceStatus StatusOf(string name) => _services[name].Status;

    /// <inheritdoc/>
    public bool IsUp(string name) =>
        _services[name].Unit.Phase is UnitPhase.Active or UnitPhase.Activating or UnitPhase.Deactivating;

    /// <inheritdoc/>
    public Task ObserveAsync(string name, CancellationToken cancellationToken) =>
        _services[name].Add(new ServiceWork.Observe(cancellationToken)).Answer;

    /// <inheritdoc/>
    public Task<bool> StartAsync(string name, CancellationToken cancellationToken) =>
        IsReadyAsync(_services[name].Add(new ServiceWork.Start(cancellationToken)));

    /// <inheritdoc/>
    public Task<RunningService?> StopAsync(string name, CancellationToken cancellationToken) =>
        _services[name].Add(new ServiceWork.Stop(cancellationToken)).Answer;

    /// <inheritdoc/>
    public Task<RunningService?> KillAsync(string name, CancellationToken cancellationToken)
    {
        // Whoever has the turn may wait for just what is killed.
        _services[name].Unit.Kill();
        return _services[name].Add(new ServiceWork.Kill(cancellationToken)).Answer;
    }

    /// <inheritdoc/>
    public Task<RunningService?> FindRemainsAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult(_services[name].Unit.Uses ? _services[name].Left("runs") : null);

    /// <inheritdoc/>
    public Task<IReadOnlyList<int>> FindProcessesAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<int>>([]);

    /// <inheritdoc/>
    public void Await(string name, string reason) => _services[name].Publish(_services[name].Status.State, reason);

    /// <inheritdoc/>
    public Task BlockAsync(string name, string reason) => _services[name].Add(new ServiceWork.Block(reason)).Answer;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SimulatedService service in _services.Values)
            service.Unfollow();
    }

    private static async Task<bool> IsReadyAsync(ServiceWork work) => await work.Answer is null;
}
