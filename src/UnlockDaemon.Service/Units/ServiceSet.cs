using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>
/// The services on the volume, and which of them are to run. What is to run is brought up, each when those it depends on
/// are ready, and again when it failed; what is late is taken in when it comes. So whatever ends a request, in the end
/// all that is wanted runs, or its status says why not.
/// </summary>
/// <remarks>
/// Services that do not depend on each other go side by side. While all are as they should be, nothing here wakes up. All
/// decisions are made on a strand; the statuses can be read from anywhere.
/// </remarks>
public sealed partial class ServiceSet : IDisposable
{
    private const int LogLines = 10;

    private readonly ServicePlan _plan;
    private readonly IServiceEdge _edge;
    private readonly Strand _strand;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _publishing = new();
    private readonly Dictionary<string, ServiceTrial> _trials;
    private readonly HashSet<string> _wanted = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seenReady = new(StringComparer.Ordinal);
    private TaskCompletionSource<bool>? _settling;
    private ITimer? _retry;
    private bool _isUp;
    private bool _allReady;

    /// <summary>Prepares services; nothing is known or done yet.</summary>
    /// <param name="services">The services.</param>
    /// <param name="systemd">Runs them.</param>
    /// <param name="strand">Where all is decided.</param>
    /// <param name="logger">Told what becomes of them.</param>
    internal ServiceSet(IReadOnlyList<ServiceConfiguration> services, ISystemd systemd, Strand strand, ILogger logger)
        : this(services, new ServiceSurroundings(systemd, ReadJournalAsync, "/sys/fs/cgroup"), strand, logger)
    {
    }

    internal ServiceSet(IReadOnlyList<ServiceConfiguration> services, ServiceSurroundings surroundings, Strand strand,
        ILogger logger)
        : this(services, new UnitEdge(services, surroundings), strand, TimeProvider.System, logger)
    {
    }

    internal ServiceSet(IReadOnlyList<ServiceConfiguration> services, IServiceEdge edge, Strand strand,
        TimeProvider time, ILogger logger)
    {
        _plan = new ServicePlan(services);
        (_edge, _strand, _time, _logger) = (edge, strand, time, logger);
        _trials = services.ToDictionary(static service => service.Name, static _ => new ServiceTrial());
        _allReady = AreAllReady;
        edge.Changed = Publish;
    }

#pragma warning disable MA0046 // There is one sender; handlers need no reference to it.
    /// <summary>Told of every change of a service, one at a time, on any thread; must not wait or throw.</summary>
    public event Action<ServiceStatus>? Changed;

    /// <summary>Told when the last service became ready (true), or the first is no longer (false). As above.</summary>
    public event Action<bool>? ReadinessChanged;

    /// <summary>Told how long a service that was up took to stop.</summary>
    public event Action<string, TimeSpan>? StopTook;

    /// <summary>Told on the strand when other services are to run than before.</summary>
    internal event Action? WantedChanged;
#pragma warning restore MA0046

    /// <summary>All services as they are now, in the order they start.</summary>
    public IReadOnlyList<ServiceStatus> Current =>
        [.. _plan.Services.Select(service => _edge.StatusOf(service.Name))];

    /// <summary>Whether all are ready now.</summary>
    public bool AreAllReady =>
        _plan.Services.All(service => _edge.StatusOf(service.Name).State == ServiceState.Ready);

    /// <summary>Those that are to run, in the order they start; asked for on the strand.</summary>
    internal IReadOnlyList<string> Wanted =>
        [.. _plan.Services.Select(static service => service.Name).Where(_wanted.Contains)];

    /// <summary>Whether services are on their way up, and it is not known yet how that ends. Asked for on the strand.</summary>
    internal bool IsSettling => _settling is not null;

    /// <summary>Finds out how the services do, and follows them from here.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="wanted">
    /// Those that are to run, as an earlier daemon noted; null when none did: then nothing is done to any of them.
    /// </param>
    /// <returns>Whether all are ready; one that is still coming up is "starting".</returns>
    public Task<bool> ObserveAsync(CancellationToken cancellationToken, IReadOnlyList<string>? wanted = null) =>
        _strand.RunAsync(async () =>
        {
            await Task.WhenAll(_plan.Services.Select(
                service => _edge.ObserveAsync(service.Name, cancellationToken)));
            bool isRunning(string name) =>
                _edge.StatusOf(name).State is ServiceState.Ready or ServiceState.Starting;
            foreach (ServiceConfiguration service in _plan.Services)
            {
                if (wanted?.Contains(service.Name) ?? isRunning(service.Name))
                    _wanted.Add(service.Name);
                if (_edge.StatusOf(service.Name).State == ServiceState.Ready)
                    _seenReady.Add(service.Name);
            }

            _isUp = true;
            if (wanted is not null)
                _settling ??= new();
            WantedChanged?.Invoke();
            Reconcile();
            return AreAllReady;
        });

    /// <summary>Has services run from now on, and waits until all are ready, or it is known which will not be.</summary>
    /// <param name="cancellationToken">Ends the waiting alone.</param>
    /// <param name="which">Which; null for all.</param>
    /// <returns>Whether all are ready. One that fails holds back those that depend on it, no others.</returns>
    public Task<bool> StartAsync(CancellationToken cancellationToken, IReadOnlyList<string>? which = null) =>
        _strand.RunAsync(() => Want(which).WaitAsync(cancellationToken));

    /// <summary>Has services run from now on; called on the strand.</summary>
    /// <param name="which">Which; null for all.</param>
    /// <returns>Ends when it is known how they all end up: whether all are ready.</returns>
    internal Task<bool> Want(IReadOnlyList<string>? which)
    {
        _isUp = true;
        _wanted.UnionWith(which ?? [.. _plan.Services.Select(static service => service.Name)]);
        foreach (ServiceTrial trial in _trials.Values)
            trial.Renew();
        _settling ??= new();
        Task<bool> settled = _settling.Task;
        WantedChanged?.Invoke();
        Reconcile();
        return settled;
    }

    /// <summary>Waits until it is known how services that are on their way up end.</summary>
    internal Task<bool> WhenSettledAsync() => _settling?.Task ?? Task.FromResult(AreAllReady);

    /// <summary>Has none run from now on, and stops all, each when those that depend on it are down.</summary>
    /// <param name="cancellationToken">Ends the waiting: what is not down by then is in the result.</param>
    /// <returns>
    /// The services that did not stop, or that left processes; empty if all are down. Those that they depend on were
    /// left running.
    /// </returns>
    public Task<IReadOnlyList<RunningService>> StopAsync(CancellationToken cancellationToken) =>
        _strand.RunAsync(async () =>
        {
            await WantNoneAsync();
            var stops = new Dictionary<string, Task<bool>>(StringComparer.Ordinal);
            var left = new List<RunningService>();
            foreach (ServiceConfiguration service in _plan.Services.Reverse())
                stops[service.Name] = StopAsync(service.Name, stops, left, cancellationToken);
            await Task.WhenAll(stops.Values);
            return (IReadOnlyList<RunningService>)left;
        });

    /// <summary>Has none started from now on; called on the strand.</summary>
    /// <returns>Ends when what is under way has ended.</returns>
    internal Task Halt() => WantNoneAsync();

    /// <summary>Has none run from now on, and kills all at once, in no order.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The services of which something is left.</returns>
    public Task<IReadOnlyList<RunningService>> KillAsync(CancellationToken cancellationToken) =>
        _strand.RunAsync(async () =>
        {
            // Whoever starts one may wait for just what is killed.
            Task ended = WantNoneAsync();
            RunningService?[] left = await Task.WhenAll(
                _plan.Services.Select(service => _edge.KillAsync(service.Name, cancellationToken)));
            await ended.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing
                | ConfigureAwaitOptions.ContinueOnCapturedContext);
            return (IReadOnlyList<RunningService>)[.. left.OfType<RunningService>()];
        });

    /// <summary>Asks systemd and the kernel anew what runs; does nothing to it.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One line for each service that is not down, or whose control group is not empty.</returns>
    public async Task<IReadOnlyList<string>> FindRunningAsync(CancellationToken cancellationToken)
    {
        RunningService?[] remains = await Task.WhenAll(
            _plan.Services.Select(service => _edge.FindRemainsAsync(service.Name, cancellationToken)));
        return [.. remains.OfType<RunningService>().Select(static service => service.ToString())];
    }

    /// <summary>Lists the processes of all services: those in their control groups.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Process identifiers.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public async Task<IReadOnlySet<int>> FindProcessesAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<int>[] processes = await Task.WhenAll(
            _plan.Services.Select(service => _edge.FindProcessesAsync(service.Name, cancellationToken)));
        return processes.SelectMany(static list => list).ToHashSet();
    }

    /// <summary>
    /// How long stopping all of them is known to take, one after the other where they depend on each other.
    /// </summary>
    /// <param name="history">What past stops took.</param>
    /// <returns>The time of the slowest chain; zero when nothing is known.</returns>
    internal TimeSpan EstimateStop(StopHistory history)
    {
        var ends = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        foreach (ServiceConfiguration service in _plan.Services.Reverse())
        {
            TimeSpan begin = _plan.DependentsOf(service.Name).Select(name => ends[name]).DefaultIfEmpty().Max();
            bool isUp = _edge.StatusOf(service.Name).State != ServiceState.Stopped;
            ends[service.Name] = begin + (isUp ? history.Longest(service.Name) : TimeSpan.Zero);
        }

        return ends.Values.DefaultIfEmpty().Max();
    }

    /// <summary>Ends the following; the services themselves go on.</summary>
    public void Dispose()
    {
        _retry?.Dispose();
        _edge.Dispose();
        foreach (ServiceTrial trial in _trials.Values)
            trial.Dispose();
    }

    private static Task<IReadOnlyList<string>> ReadJournalAsync(UnitState unit, CancellationToken cancellationToken) =>
        Journal.ReadLastAsync(unit, LogLines, cancellationToken);

    private async Task StartAsync(string name, CancellationToken stop)
    {
        ServiceTrial trial = _trials[name];
        try
        {
            bool isReady = await _edge.StartAsync(name, stop);
            trial.End(isReady, RetryAfter(trial));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            trial.Cancel();
        }

        Reconcile();
    }

    private async Task<bool> StopAsync(
        string name, Dictionary<string, Task<bool>> stops, List<RunningService> left, CancellationToken cancellationToken)
    {
        bool[] down = await Task.WhenAll(_plan.DependentsOf(name).Select(dependent => stops[dependent]));
        if (Array.Exists(down, static isDown => !isDown))
            return false;
        long begin = _time.GetTimestamp();
        // The stop of one that starts also waits for that.
        bool wasUp = _edge.StatusOf(name).State is not (ServiceState.Stopped or ServiceState.Starting);
        if (await _edge.StopAsync(name, cancellationToken) is { } running)
        {
            left.Add(running);
            return false;
        }

        if (wasUp)
            StopTook?.Invoke(name, _time.GetElapsedTime(begin));
        return true;
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
            if (_allReady != AreAllReady)
            {
                _allReady = !_allReady;
                ReadinessChanged?.Invoke(_allReady);
            }
        }

        _strand.Post(() => TakeUp(status));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Service}: {Status}")]
    private partial void LogReady(string service, string status, string unit);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Service}: {Reason}")]
    private partial void LogFailed(string service, string reason, string unit);
}
