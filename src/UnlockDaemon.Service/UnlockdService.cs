using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Api;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Prompts;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service;

/// <summary>The daemon's life: observe, listen, prompt; and lock the volume when the whole system goes down.</summary>
public sealed partial class UnlockdService : IDisposable
{
    // A lock answers at its deadline; systemd kills the daemon some time later.
    private static readonly TimeSpan s_afterDeadline = TimeSpan.FromSeconds(30);

    // After a change of state prompts are put up and replies sent; then it is quiet, also on a slow machine.
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(5);

    // Only while it is unlocked: the locked daemon sleeps.
    private static readonly TimeSpan s_spacePeriod = TimeSpan.FromMinutes(5);

    private readonly UnlockdConfiguration _configuration;
    private readonly SystemdConnection _systemd;
    private readonly ServiceSet _services;
    private readonly Volume _volume;
    private readonly PromptService _prompts;
    private readonly ControlSocket _socket;
    private readonly ILogger _logger;

    /// <summary>Composes the daemon.</summary>
    /// <param name="configuration">What it guards.</param>
    /// <param name="socketPath">Where it listens.</param>
    /// <param name="logger">Where it logs.</param>
    public UnlockdService(UnlockdConfiguration configuration, string socketPath, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        EventHub events = new();
        StorageStack stack = new(configuration.Volume, configuration.Lock.KeepKey is not null, configuration.Swap);
        _configuration = configuration;
        _logger = logger;
        _systemd = new SystemdConnection();
        _services = new ServiceSet(configuration.Services, _systemd, _logger);
        _services.Changed += service => events.Publish("service", service.Name, service.ToString());
        _volume = new Volume(configuration, _services, stack, events, _logger);
        _prompts = new PromptService(configuration, _volume, _systemd, events, _logger);
        _socket = new ControlSocket(socketPath,
            new ControlMethods(_volume, _services, events, configuration), _logger);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _prompts.Dispose();
        _volume.Dispose();
        _services.Dispose();
        _systemd.Dispose();
    }

    /// <summary>Runs until told to stop.</summary>
    /// <param name="stoppingToken">Tells to stop.</param>
    /// <returns>When the consoles are given back and, if the system goes down, the volume is locked.</returns>
    /// <exception cref="Exception">It cannot listen or prompt any more: it has to be started anew.</exception>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using CancellationTokenSource stopping = new();
        using CancellationTokenRegistration told = stoppingToken.Register(() => _ = FinishAsync(stopping));
        await ServeAsync(stopping.Token);
    }

    /// <summary>
    /// A lock or an unlock that is under way is not left half done: nobody would go on with it. Who asked for it gets
    /// the answer.
    /// </summary>
    private async Task FinishAsync(CancellationTokenSource stopping)
    {
        TimeSpan patience = _configuration.Lock.Deadline + s_afterDeadline;
        ServiceNotifier.FromEnvironment().ExtendTimeout(patience + s_afterDeadline);
        await _volume.FinishAsync(patience);
        await stopping.CancelAsync();
    }

    private async Task ServeAsync(CancellationToken stoppingToken)
    {
        await _volume.ObserveAsync(stoppingToken);
        if (_volume.WantsPassphrase)
            _prompts.ReserveConsoles();
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task listening = _socket.RunAsync(
            () => ServiceNotifier.FromEnvironment().Ready(Volume.JsonName(_volume.State)), ending.Token);
        Task prompting = _prompts.RunAsync(ending.Token);
        _ = _volume.BringUpSwapAsync();
        _ = GiveBackMemoryAsync(stoppingToken);
        _ = WatchSpaceAsync(stoppingToken);
        if (await WhenEndedAsync(listening, prompting, ending, stoppingToken) is { } failure)
        {
            LogBroken(failure);
            ExceptionDispatchInfo.Throw(failure);
        }

        if (await IsShuttingDownAsync())
            await LockForShutdownAsync();
    }

    /// <summary>
    /// Waits until it is told to stop. A daemon that only listens or only prompts looks well and is not: when one of
    /// the two ends by itself, the other is ended, too, and systemd starts both again, which disturbs nothing.
    /// </summary>
    /// <returns>Why it ended by itself; null when it was told to stop.</returns>
    internal static async Task<Exception?> WhenEndedAsync(
        Task listening, Task prompting, CancellationTokenSource ending, CancellationToken stopping)
    {
        Task first = await Task.WhenAny(listening, prompting);
        bool told = stopping.IsCancellationRequested;
        await ending.CancelAsync();
        // What broke one of them may also keep the other from its end.
        await Task.WhenAll(listening, prompting)
            .WaitAsync(told ? Timeout.InfiniteTimeSpan : s_settling, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return told
            ? null
            : first.Exception?.InnerException
                ?? new InvalidOperationException(first == listening ? "listening ended" : "prompting ended");
    }

    /// <summary>What the start, an unlock or a lock took is given back once it is over.</summary>
    private async Task GiveBackMemoryAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await _volume.WaitUntilAsync(static volume => volume.State
                is VolumeState.Locked or VolumeState.Ready or VolumeState.Degraded or VolumeState.Failed, cancellation);
            DateTimeOffset since = _volume.Since;
            await Task.Delay(s_settling, cancellation);
            IdleMemory.GiveBack();
            await _volume.WaitUntilAsync(volume => volume.Since != since, cancellation);
        }
    }

    /// <summary>
    /// No event tells that the disk below a sparse container fills: while it is unlocked, it is looked at.
    /// </summary>
    private async Task WatchSpaceAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await _volume.WaitUntilAsync(static volume => volume.State != VolumeState.Locked, cancellation);
            _volume.LookForSpace();
            using CancellationTokenSource period = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            period.CancelAfter(s_spacePeriod);
            await _volume.WaitUntilAsync(static volume => volume.State == VolumeState.Locked, period.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_volume.State == VolumeState.Locked)
                _volume.LookForSpace();
        }
    }

    /// <summary>
    /// A stop of this service alone (restart, upgrade, removal) leaves the volume as it is; a stop of the whole system
    /// does not.
    /// </summary>
    private async Task<bool> IsShuttingDownAsync()
    {
        try
        {
            return await _systemd.GetSystemStateAsync(CancellationToken.None) == "stopping";
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException)
        {
            LogNoSystemd(failure.Message);
            return false;
        }
    }

    /// <summary>
    /// systemd has stopped the services by its ordering; what is left is to unmount and to wipe the key.
    /// </summary>
    private async Task LockForShutdownAsync()
    {
        if (_volume.ObserveLayers().All(static layer => !layer.Up))
            return;
        TimeSpan deadline = _configuration.Lock.Deadline;
        ServiceNotifier.FromEnvironment().ExtendTimeout(deadline + s_afterDeadline);
        LockOutcome outcome = await _volume.LockAsync(
            new LockRequest(deadline, Reason: "shutdown", IsShutdown: true));
        if (outcome.Certificate is null)
            LogNotLocked(outcome.Reason);
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "the daemon cannot go on and has to be started anew")]
    private partial void LogBroken(Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot ask systemd whether the system goes down: {Reason}")]
    private partial void LogNoSystemd(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}; systemd unmounts it after the last process has ended")]
    private partial void LogNotLocked(string reason);
}
