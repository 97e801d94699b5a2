using System.Diagnostics;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Volumes;

/// <summary>One volume, one lock, one state: every unlock and every lock, from wherever, goes through here.</summary>
public sealed partial class Volume : IDisposable
{
    private readonly VolumeConfiguration _configuration;
    private readonly StorageStack _stack;
    private readonly ServiceSet _services;
    private readonly LockProof _proof;
    private readonly EventHub _events;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _lock = new();
    private CancellationTokenSource _starting = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Describes a volume; nothing is touched before <see cref="ObserveAsync"/>.</summary>
    /// <param name="configuration">The volume.</param>
    /// <param name="services">The services that live on it.</param>
    /// <param name="proof">Looks again after a lock.</param>
    /// <param name="stack">The layers of the volume.</param>
    /// <param name="events">Told what happens.</param>
    /// <param name="logger">Told what happens.</param>
    internal Volume(VolumeConfiguration configuration, ServiceSet services, LockProof proof, StorageStack stack,
        EventHub events, ILogger logger)
    {
        _configuration = configuration;
        _stack = stack;
        _services = services;
        _proof = proof;
        _events = events;
        _logger = logger;
        _services.ReadinessChanged += OnReadinessChanged;
    }

    /// <summary>The state.</summary>
    public VolumeState State { get; private set; } = VolumeState.Locked;

    /// <summary>When the state began.</summary>
    public DateTimeOffset Since { get; private set; } = DateTimeOffset.UtcNow;

    /// <summary>Why nobody is prompted, or null when they are.</summary>
    public string? HoldReason { get; private set; }

    /// <summary>What went wrong last; null once all is well again.</summary>
    public string? LastError { get; private set; }

    /// <summary>Whether operators are to be asked for the passphrase.</summary>
    public bool WantsPassphrase =>
        HoldReason is null && State is VolumeState.Locked or VolumeState.Unlocking or VolumeState.Failed;

    /// <summary>The layers, read from the kernel now.</summary>
    /// <returns>The storage layers, bottom first.</returns>
    public IReadOnlyList<LayerInfo> ObserveLayers() => _stack.Observe();

    /// <summary>Who holds the mounted volume.</summary>
    /// <returns>The holders; empty when it is not mounted.</returns>
    public IReadOnlyList<Holder> FindHolders() => _stack.Filesystem.FindHolders();

    /// <summary>Waits until something about the volume is so.</summary>
    /// <param name="condition">Asked now and after every change.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task WaitUntilAsync(Func<Volume, bool> condition, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(condition);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (condition(this))
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Reads the state from the kernel, as the daemon starts: nothing is disturbed.</summary>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task ObserveAsync(CancellationToken cancellation)
    {
        if (_stack.IsMounted)
        {
            Enter(VolumeEvent.FoundMounted, "found mounted");
            bool ready = await _services.ObserveAsync(cancellation);
            Enter(ready ? VolumeEvent.AllReady : VolumeEvent.NotAllReady, "services as found");
        }
        else if (_stack.IsMapped)
        {
            Complain($"{_stack.Mapping.Observe().Detail} was left mapped and not mounted: "
                + "'unlockctl unlock' goes on from there, 'unlockctl lock' takes it down");
            Enter(VolumeEvent.FoundHalfUp, LastError!);
        }
        else
        {
            _stack.TakeDown(Report);
            _stack.Filesystem.Protect();
            Enter(VolumeEvent.FoundLocked, "found locked");
        }
    }

    /// <summary>Brings up what is down, and has the services started.</summary>
    /// <param name="passphrase">The passphrase, wiped as soon as the mapping exists; null to try without.</param>
    /// <returns>The attempt, as soon as the volume is mounted or it is clear that it will not be.</returns>
    public async Task<UnlockAttempt> UnlockAsync(Passphrase? passphrase)
    {
        if (State is VolumeState.Starting or VolumeState.Stopping or VolumeState.Locking)
            return new(UnlockOutcome.Busy, State.ToString());
        await _gate.WaitAsync();
        UnlockAttempt attempt;
        try
        {
            attempt = await OpenAsync(passphrase);
        }
        catch
        {
            _gate.Release();
            throw;
        }

        if (attempt.Outcome == UnlockOutcome.Mounted)
            return attempt with { Services = StartServicesAndReleaseAsync() };
        _gate.Release();
        return attempt;
    }

    /// <summary>Stops the services, takes every layer down and looks at the kernel again.</summary>
    /// <param name="request">How.</param>
    /// <returns>The proof, or why there is none.</returns>
    public async Task<LockOutcome> LockAsync(LockRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using CancellationTokenSource deadline = new(request.Deadline);
        if (State == VolumeState.Starting)
            await _starting.CancelAsync();
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            return await TakeDownAsync(request, deadline.Token);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends a hold.</summary>
    public void Release()
    {
        if (HoldReason is null)
            return;
        HoldReason = null;
        _events.Publish("state", "released", "the hold has ended");
        SignalChange();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _services.ReadinessChanged -= OnReadinessChanged;
        _starting.Dispose();
        _gate.Dispose();
    }

    private async Task<UnlockAttempt> OpenAsync(Passphrase? passphrase)
    {
        if (HoldReason is { } hold)
            return new(UnlockOutcome.OnHold, hold);
        if (!_stack.IsMounted)
        {
            if (passphrase is null && !_stack.IsMapped)
                return new(UnlockOutcome.PassphraseNeeded);
            if (!_stack.IsMapped && _stack.FindFault() is { } fault)
            {
                Complain(fault);
                return new(UnlockOutcome.Unusable, fault);
            }

            Enter(VolumeEvent.UnlockRequested, "unlocking");
            if (await BringUpAsync(passphrase) is { } failed)
                return failed;
            Enter(VolumeEvent.Mounted, $"mounted on {_configuration.MountPoint}");
        }
        else if (State is VolumeState.Ready or VolumeState.Degraded)
        {
            Enter(VolumeEvent.UnlockRequested, "starting what is missing");
        }

        return new(UnlockOutcome.Mounted);
    }

    private async Task<UnlockAttempt?> BringUpAsync(Passphrase? passphrase)
    {
        long started = Stopwatch.GetTimestamp();
        (LayerOutcome outcome, string layer) =
            await Task.Run(() => _stack.BringUpAsync(passphrase, Report, CancellationToken.None));
        switch (outcome.Kind)
        {
            case LayerOutcomeKind.Up:
                LastError = null;
                LogUnlocked(Stopwatch.GetElapsedTime(started).TotalSeconds);
                return null;
            case LayerOutcomeKind.WrongPassphrase:
                LogWrongPassphrase();
                Enter(VolumeEvent.NotOpened, "wrong passphrase");
                return new(UnlockOutcome.WrongPassphrase, outcome.Reason, layer);
            default:
                Complain(outcome.Reason);
                Enter(outcome.Kind == LayerOutcomeKind.NeedsPerson ? VolumeEvent.Stuck : VolumeEvent.NotOpened, outcome.Reason);
                return new(UnlockOutcome.Failed, outcome.Reason, layer);
        }
    }

    private async Task<VolumeState> StartServicesAndReleaseAsync()
    {
        try
        {
            return await StartServicesAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<VolumeState> StartServicesAsync()
    {
        _starting.Dispose();
        _starting = new CancellationTokenSource();
        bool ready = false;
        try
        {
            ready = await _services.StartAsync(_starting.Token);
        }
        catch (OperationCanceledException)
        {
            LogStartCancelled();
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException)
        {
            Complain(failure.Message);
        }

        Enter(ready ? VolumeEvent.AllReady : VolumeEvent.NotAllReady,
            ready ? "all services are ready" : "not all services are ready");
        return State;
    }

    private async Task<LockOutcome> TakeDownAsync(LockRequest request, CancellationToken deadline)
    {
        long started = Stopwatch.GetTimestamp();
        // What is locked already is only looked at again: the prompts stay.
        bool wasLocked = State == VolumeState.Locked;
        if (!wasLocked)
            Enter(VolumeEvent.LockRequested, request.Reason is null ? "locking" : $"locking: {request.Reason}");
        string? refusal = await StopServicesAsync(deadline);
        double servicesSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (refusal is null)
        {
            if (!wasLocked)
                Enter(VolumeEvent.ServicesStopped, "services are stopped");
            refusal = await Task.Run(DetachLayers, CancellationToken.None);
        }

        if (refusal is not null)
            return await RefuseAsync(refusal);

        double unmountSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds - servicesSeconds;
        IReadOnlyList<CheckResult> checks = await _proof.CheckAsync(CancellationToken.None);
        HoldReason = request.Hold ? request.Reason ?? "locked with --hold" : HoldReason;
        return Conclude(request, checks, new LockSeconds(
            servicesSeconds, unmountSeconds, Stopwatch.GetElapsedTime(started).TotalSeconds));
    }

    private async Task<string?> StopServicesAsync(CancellationToken deadline)
    {
        try
        {
            IReadOnlyList<RunningService> running = await _services.StopAsync(deadline);
            return running.Count == 0 ? null : string.Join("; ", running);
        }
        catch (OperationCanceledException)
        {
            return "the services did not stop before the deadline";
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException)
        {
            return failure.Message;
        }
    }

    private string? DetachLayers()
    {
        if (_stack.IsMounted)
            _stack.Filesystem.Sync();
        return _stack.TakeDown(Report);
    }

    private LockOutcome Conclude(LockRequest request, IReadOnlyList<CheckResult> checks, LockSeconds seconds)
    {
        foreach (CheckResult check in checks)
            _events.Publish("check", check.Name, $"{(check.Ok ? "ok" : "FAILED")}: {check.Detail}");
        CheckResult[] failed = [.. checks.Where(static check => !check.Ok)];
        if (failed.Length > 0)
        {
            Complain("locked, but not proven: " + string.Join("; ", failed.Select(static check => $"{check.Name}: {check.Detail}")));
            Enter(VolumeEvent.Stuck, LastError!);
            return new(null, LastError!, [], Refused: false);
        }

        LastError = null;
        Enter(VolumeEvent.Detached, "locked");
        LogLocked(seconds.Total);
        return new(new Certificate(Environment.MachineName, BootId.Current, DateTimeOffset.UtcNow, request.Reason,
            _configuration.Container, request.Nonce, checks, seconds), "", [], Refused: false);
    }

    /// <summary>A lock that cannot be finished is undone: billing goes on, and the operator knows who is in the way.</summary>
    private async Task<LockOutcome> RefuseAsync(string refusal)
    {
        IReadOnlyList<Holder> holders = FindHolders();
        Complain(holders.Count == 0
            ? $"not locked: {refusal}"
            : $"not locked: {refusal}: {string.Join("; ", holders.Take(3))}");
        if (!_stack.IsMounted)
        {
            Enter(VolumeEvent.Stuck, LastError!);
            return new(null, LastError!, [], Refused: false);
        }

        Enter(VolumeEvent.LockRefused, LastError! + "; bringing the services back");
        string reason = LastError!;
        await StartServicesAsync();
        return new(null, reason, holders, Refused: true);
    }

    /// <summary>A service failed later, or came back.</summary>
    private void OnReadinessChanged(bool ready)
    {
        lock (_lock)
        {
            if (State == VolumeState.Ready && !ready)
                Enter(VolumeEvent.NotAllReady, "a service is no longer ready");
            else if (State == VolumeState.Degraded && ready)
                Enter(VolumeEvent.AllReady, "all services are ready again");
        }
    }

    private void Enter(VolumeEvent happened, string text)
    {
        lock (_lock)
        {
            VolumeState next = Transitions.Next(State, happened)
                ?? throw new InvalidOperationException($"{happened} cannot happen while {State}");
            if (next != State)
            {
                State = next;
                Since = DateTimeOffset.UtcNow;
                LogState(State, text);
                _events.Publish("state", JsonName(State), text);
            }
        }

        SignalChange();
    }

    private void SignalChange()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }

    /// <summary>The state's name on the socket.</summary>
    /// <param name="state">The state.</param>
    /// <returns>In lower case.</returns>
    public static string JsonName(VolumeState state) => state.ToString().ToLowerInvariant();

    private void Report(string layer, string text) => _events.Publish("step", layer, text);

    private void Complain(string text)
    {
        LastError = text;
        LogTrouble(text);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{State}: {Text}")]
    private partial void LogState(VolumeState state, string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "passphrase accepted, mounted after {Seconds:0.00} s")]
    private partial void LogUnlocked(double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "wrong passphrase")]
    private partial void LogWrongPassphrase();

    [LoggerMessage(Level = LogLevel.Information, Message = "starting of services ended by a lock")]
    private partial void LogStartCancelled();

    [LoggerMessage(Level = LogLevel.Information, Message = "locked and proven after {Seconds:0.00} s")]
    private partial void LogLocked(double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Text}")]
    private partial void LogTrouble(string text);
}
