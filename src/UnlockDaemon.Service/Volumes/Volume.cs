using System.Diagnostics;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Parts;
using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Volumes;

/// <summary>One volume, one lock, one state: every unlock and every lock, from wherever, goes through here.</summary>
public sealed partial class Volume : IDisposable
{
    /// <summary>A lock answers at its deadline; what still goes on then is over some time later.</summary>
    internal static readonly TimeSpan AfterDeadline = TimeSpan.FromSeconds(30);

    // Nothing is heard of resize2fs until it has ended.
    private static readonly TimeSpan s_longestGrow = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_panicPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_unlockPatience = TimeSpan.FromSeconds(30);

    private readonly VolumeConfiguration _configuration;
    private readonly TimeSpan _usualDeadline;
    private readonly TimeSpan? _keepKey;
    private readonly StorageStack _stack;
    private readonly ServiceSet _services;
    private readonly LockProof _proof;
    private readonly EventHub _events;
    private readonly Background _background;
    private readonly ILogger _logger;
    private readonly VolumeCondition _condition;
    private readonly HoldKeeper _hold;
    private readonly SpaceWatch _space;
    private readonly StopHistory _history = new(Path.Combine(BootRecord.Directory, "stops"));
    private readonly VolumeTurns _turns = new(TimeProvider.System);
    private bool _isGrowing;
    private long _lockEnds;
    private Task<LockOutcome>? _locking;

    /// <summary>Describes a volume; nothing is touched before <see cref="ObserveAsync"/>.</summary>
    /// <param name="configuration">The volume, and how it is locked.</param>
    /// <param name="services">The services that live on it.</param>
    /// <param name="stack">The layers of the volume.</param>
    /// <param name="events">Told what happens.</param>
    /// <param name="background">Does what outlives the work that began it.</param>
    /// <param name="logger">Told what happens.</param>
    internal Volume(UnlockdConfiguration configuration, ServiceSet services, StorageStack stack,
        EventHub events, Background background, ILogger logger)
    {
        _configuration = configuration.Volume;
        _usualDeadline = configuration.Lock.Deadline;
        _keepKey = configuration.Lock.KeepKey;
        _stack = stack;
        _services = services;
        _proof = new LockProof(configuration.Volume, stack, services);
        _events = events;
        _background = background;
        _logger = logger;
        _condition = new VolumeCondition(events, logger);
        _hold = new HoldKeeper(_condition, background, OnHoldEnded);
        _space = new SpaceWatch(stack.Container, events, logger);
        _events.Stepped = _turns.NoteProgress;
        _services.ReadinessChanged += OnReadinessChanged;
        _services.StopTook += _history.Add;
    }

    /// <summary>The state.</summary>
    public VolumeState State => _condition.State;

    /// <summary>When the state began.</summary>
    public DateTimeOffset Since => _condition.Since;

    /// <summary>Why nobody is prompted and until when, or null when they are.</summary>
    public Hold? Hold => _condition.Hold;

    /// <summary>What went wrong last; null once all is well again.</summary>
    public string? LastError => _condition.LastError;

    /// <summary>Whether operators are to be asked for the passphrase.</summary>
    public bool WantsPassphrase => _condition.WantsPassphrase;

    /// <summary>
    /// Whether a piece of work could take its turn, or whoever has the turn is within its own limit. If not, the turn is
    /// lost for good.
    /// </summary>
    public bool IsAlive => _turns.IsAlive;

    /// <summary>How long what is under way may still take: a lock has the deadline that it was given.</summary>
    public TimeSpan TimeToFinish
    {
        get
        {
            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), _lockEnds);
            return left > _usualDeadline ? left : _usualDeadline;
        }
    }

    /// <summary>The state's name on the socket.</summary>
    /// <param name="state">The state.</param>
    /// <returns>In lower case.</returns>
    public static string JsonName(VolumeState state) => state.ToString().ToLowerInvariant();

    /// <summary>
    /// Looks whether the volume is still mounted and its container still where it was, which nothing else would tell.
    /// </summary>
    public void LookAgain()
    {
        if (State is not (VolumeState.Ready or VolumeState.Degraded) || !_turns.TryTake())
            return;
        try
        {
            if (_condition.TakeDamage(_stack.FindDamage()))
                _condition.TakeReadiness(() => _services.AreAllReady, [VolumeState.Ready, VolumeState.Degraded]);
            if (State is VolumeState.Ready or VolumeState.Degraded && !_stack.IsMounted)
            {
                _condition.Complain("somebody else unmounted the volume: 'unlockctl unlock' brings it up again, "
                    + "'unlockctl lock' takes down what is left");
                _condition.Enter(VolumeEvent.FoundUnmounted, LastError!);
            }
        }
        finally
        {
            _turns.GiveBack();
        }
    }

    /// <summary>The layers, read from the kernel now.</summary>
    /// <returns>The storage layers, bottom first.</returns>
    public IReadOnlyList<LayerInfo> ObserveLayers() => _stack.Observe();

    /// <summary>Size of the container in bytes.</summary>
    public long ContainerSize => _stack.Container.Size;

    /// <summary>What will go wrong if nobody does anything.</summary>
    public IReadOnlyList<string> Warnings => _space.Warnings;

    /// <summary>The swap space beside it, read from the kernel now.</summary>
    /// <returns>One entry, or none where none is configured.</returns>
    public IReadOnlyList<LayerInfo> ObserveSwap() => _stack.Swap.Observe();

    /// <summary>Who holds the volume.</summary>
    /// <returns>The holders; empty when it is not mapped.</returns>
    public IReadOnlyList<Holder> FindHolders() => _stack.Filesystem.FindHolders();

    /// <summary>
    /// Looks whether the disk below can still give a sparse container its blocks; tells it when that changes.
    /// </summary>
    public void LookForSpace() => _space.Look(State != VolumeState.Locked);

    /// <summary>Waits until something about the volume is so.</summary>
    /// <param name="condition">Asked now and after every change.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task WaitUntilAsync(Func<Volume, bool> condition, CancellationToken cancellation) =>
        _condition.WaitUntilAsync(() => condition(this), cancellation);

    /// <summary>Reads the state from the kernel, as the daemon starts: nothing is disturbed.</summary>
    /// <param name="cancellation">Ends the waiting for what systemd says of the services.</param>
    public async Task ObserveAsync(CancellationToken cancellation)
    {
        if (_stack.IsMounted)
        {
            _stack.Filesystem.Record.NoteMounted();
            _condition.Enter(VolumeEvent.FoundMounted, "found mounted");
            bool ready = await ObserveServicesAsync(cancellation);
            _condition.Enter(ready ? VolumeEvent.AllReady : VolumeEvent.NotAllReady, "services as found");
            return;
        }

        if (_stack.IsMapped)
        {
            _condition.Complain($"{_stack.Mapping.Observe().Detail} was left mapped and not mounted: "
                + "'unlockctl unlock' goes on from there, 'unlockctl lock' takes it down");
            _condition.Enter(VolumeEvent.FoundHalfUp, LastError!);
        }
        else
        {
            if (_stack.FindConversion() is null)
                _stack.TakeDown((layer, text) => _events.Publish("step", layer, text));
            _stack.Filesystem.Protect();
            _condition.Enter(VolumeEvent.FoundLocked, "found locked");
        }

        _hold.Recall();
    }

    /// <summary>Brings up what is down, and has the services started.</summary>
    /// <param name="passphrase">The passphrase, wiped as soon as the mapping exists; null to try without.</param>
    /// <returns>The attempt, as soon as the volume is mounted or it is clear that it will not be.</returns>
    public async Task<UnlockAttempt> UnlockAsync(Passphrase? passphrase)
    {
        LookAgain();
        int panics = _turns.Panics;
        if (State is VolumeState.Starting or VolumeState.Stopping or VolumeState.Locking)
            return new(UnlockOutcome.Busy, Activity);
        if (!await _turns.TryTakeAsync(s_unlockPatience))
            return new(UnlockOutcome.Busy, Activity);
        if (_turns.Panics != panics)
        {
            _turns.GiveBack();
            return new(UnlockOutcome.Failed, "ended by a panic");
        }

        UnlockAttempt attempt;
        try
        {
            attempt = await new UnlockSequence(
                _configuration, _condition, _stack, _events, () => _turns.Panics != panics, _logger)
                .RunAsync(passphrase);
        }
        catch (Exception failure)
        {
            if (State == VolumeState.Unlocking)
            {
                _condition.Complain(failure.Message);
                _condition.Enter(_stack.IsMapped ? VolumeEvent.Stuck : VolumeEvent.NotOpened, failure.Message);
            }

            _turns.GiveBack();
            if (failure is LinuxException or IOException)
                return new(UnlockOutcome.Failed, failure.Message);
            throw;
        }

        if (attempt.Outcome != UnlockOutcome.Mounted)
        {
            _turns.GiveBack();
            return attempt;
        }

        return attempt with { Services = ReleaseAfterAsync(KeepKeyAndStartServicesAsync()) };
    }

    /// <summary>Grows the mounted volume, while it is in use. A lock or a panic ends it between two steps.</summary>
    /// <param name="size">The size that the container is to have, in bytes.</param>
    /// <param name="passphrase">The passphrase, cleared once it has opened the container; null to try without.</param>
    /// <returns>What came of it.</returns>
    public async Task<GrowOutcome> GrowAsync(long size, Passphrase? passphrase)
    {
        LookAgain();
        if (State is VolumeState.Stopping or VolumeState.Locking || !await _turns.TryTakeAsync(s_unlockPatience))
            return new(GrowOutcomeKind.Busy, Activity);
        CancellationToken ended = _turns.BeginInterruptible();
        _turns.Allow(s_longestGrow);
        _isGrowing = true;
        try
        {
            if (State is not (VolumeState.Ready or VolumeState.Degraded))
            {
                return new(GrowOutcomeKind.Failed, $"the volume is {JsonName(State)}, and grows while it is mounted: "
                    + "'unlockctl unlock' first");
            }

            GrowOutcome outcome = await Task.Run(
                () => new GrowSequence(_configuration, _stack, _events).Run(size, passphrase, ended));
            LogGrow(outcome.Kind, size, outcome.Reason);
            return outcome;
        }
        finally
        {
            _isGrowing = false;
            _turns.GiveBack();
        }
    }

    /// <summary>Stops the services, takes every layer down and looks at the kernel again.</summary>
    /// <remarks>
    /// Several may ask at once: one lock is made, its failure is the answer for all of them, and after its success each
    /// gets a proof of its own.
    /// </remarks>
    /// <param name="request">How.</param>
    /// <returns>The proof, or why there is none.</returns>
    public async Task<LockOutcome> LockAsync(LockRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        LookAgain();
        if (State == VolumeState.Locked && _stack.FindConversion() is { } conversion)
            return new(null, "not proven: " + conversion, [], Refused: true);
        if (_locking is { } other)
        {
            try
            {
                if (await other.WaitAsync(request.Deadline) is { Certificate: null } failed)
                    return failed;
            }
            catch (TimeoutException)
            {
                return new(null, "not locked: another lock is still under way", [], Refused: true);
            }
        }

        _lockEnds = Math.Max(_lockEnds,
            Stopwatch.GetTimestamp() + (long)(request.Deadline.TotalSeconds * Stopwatch.Frequency));
        Task<LockOutcome> locking = LockAloneAsync(request);
        _locking = locking;
        try
        {
            return await locking;
        }
        finally
        {
            _ = Interlocked.CompareExchange(ref _locking, null, locking);
        }
    }

    /// <summary>Wipes the key from the kernel, whatever goes on; then takes the rest down.</summary>
    /// <returns>Null when all is down; otherwise what is left.</returns>
    public async Task<string?> PanicAsync()
    {
        _turns.BeginPanic();
        PanicSequence panic = new(_stack, _services, _events);
        panic.WipeKeys();
        // Whoever asked takes a daemon that says nothing for one that is stuck.
        _events.Publish("step", "volume", "ending what is under way");
        await _turns.EndAllAsync();
        // Whoever has the turn waits for the device, which now fails, or is stuck: then it is done out of turn.
        bool alone = await _turns.TryTakeAsync(s_panicPatience);
        try
        {
            if (State == VolumeState.Locked && !ObserveLayers().Any(static layer => layer.Up))
                return null;
            bool unlocking = !alone && State == VolumeState.Unlocking;
            _condition.Enter(VolumeEvent.KeyWiped, "panic: the key is wiped");
            string? left = await panic.TakeDownAsync();
            if (unlocking)
            {
                left ??= "an unlock is still under way, and ends as soon as it has derived its key: "
                    + "'unlockctl lock' then proves that";
            }

            _condition.Complain("panic: the key was wiped while the volume was in use; what was not yet on the disk "
                + "is lost" + (left is null ? "" : $"; {left}"));
            _condition.Enter(left is null ? VolumeEvent.Detached : VolumeEvent.Stuck, LastError!);
            return left;
        }
        finally
        {
            if (alone)
                _turns.GiveBack();
        }
    }

    /// <summary>
    /// Waits for what is under way; a start of services or a grow is told to end. Nothing begins after it but the lock
    /// of a shutdown.
    /// </summary>
    /// <param name="patience">How long at most.</param>
    public async Task FinishAsync(TimeSpan patience)
    {
        using CancellationTokenSource limit = new(patience);
        try
        {
            await _turns.TakeForLockAsync(limit.Token);
            _turns.Close();
            _turns.GiveBack();
        }
        catch (OperationCanceledException)
        {
            LogUnfinished(Activity);
        }
    }

    /// <summary>Ends a hold.</summary>
    public void Release() => _hold.Release();

    /// <inheritdoc/>
    public void Dispose()
    {
        _services.ReadinessChanged -= OnReadinessChanged;
        _services.StopTook -= _history.Add;
        _turns.Dispose();
    }

    /// <summary>Brings the swap space up, if there is to be one.</summary>
    internal async Task BringUpSwapAsync()
    {
        // On hold the instance is about to go away.
        if (Hold is not null)
            return;
        _stack.Swap.Want();
        if (await Task.Run(_stack.Swap.TryBringUp) is { } trouble)
            _condition.Complain(trouble);
    }

    /// <summary>What is under way, as it follows "is".</summary>
    private string Activity => _turns.IsClosed ? "left to the next daemon" : !_isGrowing ? JsonName(State) : "growing";

    private async Task<LockOutcome> LockAloneAsync(LockRequest request)
    {
        using CancellationTokenSource deadline =
            CancellationTokenSource.CreateLinkedTokenSource(_turns.NextPanic);
        deadline.CancelAfter(request.Deadline);
        if (request.IsShutdown)
            _turns.Open();
        try
        {
            await _turns.TakeForLockAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            return new(null, $"not locked: the volume is still {Activity}", [], Refused: true);
        }

        _turns.Allow(request.Deadline + AfterDeadline);
        LockSequence sequence = new(
            _configuration, _condition, _stack, _services, _proof, _events, StartServicesAsync, _logger);
        LockPlan plan = new(_services, _stack.Filesystem, _history);
        try
        {
            LockOutcome outcome = await sequence.RunAsync(request with { KeepKey = _keepKey }, plan, deadline.Token);
            if (outcome.Certificate is not null && request.HoldFor is not null)
                _hold.Keep(Hold!);
            return outcome;
        }
        finally
        {
            // It waits for a disk that does not answer: a new daemon would wait for it as well.
            if (!sequence.Unfinished.IsCompleted && State == VolumeState.Failed)
                _turns.Allow(Timeout.InfiniteTimeSpan);
            // After the proof, under another key.
            if (!request.IsShutdown)
                _background.Run("bringing swap space up", _ => BringUpSwapAsync());
            _background.Run("what a lock left unfinished", _ => FinishLockAsync(sequence, plan));
        }
    }

    /// <summary>Told to end in the middle of it, the daemon may still have to lock: the state must allow that.</summary>
    private async Task<bool> ObserveServicesAsync(CancellationToken cancellation)
    {
        try
        {
            return await _services.ObserveAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task FinishLockAsync(LockSequence sequence, LockPlan plan)
    {
        try
        {
            await sequence.Unfinished;
        }
        finally
        {
            plan.Dispose();
            _turns.GiveBack();
        }
    }

    private async Task<VolumeState> KeepKeyAndStartServicesAsync()
    {
        try
        {
            // After a hold it had a time limit; from here on it stays, for the next one.
            _stack.Mapping.Kept.KeepOn();
        }
        catch (Exception failure) when (failure is LinuxException or IOException)
        {
            _condition.Complain(failure.Message);
        }

        return await StartServicesAsync();
    }

    private async Task<VolumeState> ReleaseAfterAsync(Task<VolumeState> starting)
    {
        try
        {
            return await starting;
        }
        finally
        {
            _turns.GiveBack();
        }
    }

    private async Task<VolumeState> StartServicesAsync()
    {
        _turns.Allow(_services.LongestStart + VolumeTurns.LongestSilence);
        try
        {
            await _services.StartAsync(_turns.BeginInterruptible());
        }
        catch (OperationCanceledException)
        {
            LogStartCancelled();
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException)
        {
            _condition.Complain(failure.Message);
        }

        _condition.TakeReadiness(() => _services.AreAllReady, [VolumeState.Starting]);
        return State;
    }

    private void OnHoldEnded()
    {
        _background.Run("bringing swap space up", _ => BringUpSwapAsync());
        if (_stack.Mapping.Kept.Exists)
            _background.Run("unlocking with the kept key", _ => UnlockAsync(null));
    }

    /// <summary>A service failed later, or came back.</summary>
    private void OnReadinessChanged(bool ready) =>
        _condition.TakeReadiness(() => ready, [VolumeState.Ready, VolumeState.Degraded]);

    [LoggerMessage(Level = LogLevel.Information, Message = "grow to {Size} bytes: {Outcome} {Reason}")]
    private partial void LogGrow(GrowOutcomeKind outcome, long size, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the daemon ends although the volume is still {Activity}")]
    private partial void LogUnfinished(string activity);

    [LoggerMessage(Level = LogLevel.Information, Message = "starting of services ended by a lock")]
    private partial void LogStartCancelled();
}
