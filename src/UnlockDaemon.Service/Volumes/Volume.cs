using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Service.Parts;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// One volume, one worker, one state: every unlock and every lock, from wherever, goes through here. All that it decides
/// is decided on its strand, one thing after the other; a panic comes in between.
/// </summary>
public sealed partial class Volume : IDisposable
{
    /// <summary>A lock answers at its deadline; what still goes on then is over some time later.</summary>
    internal static readonly TimeSpan AfterDeadline = TimeSpan.FromSeconds(30);

    // Nothing is heard of resize2fs until it has ended.
    private static readonly TimeSpan s_longestGrow = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_panicPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_unlockPatience = TimeSpan.FromSeconds(30);

    private readonly UnlockdConfiguration _configuration;
    private readonly string _stateDirectory;
    private readonly ServiceSet _services;
    private readonly IMachine _machine;
    private readonly Strand _strand;
    private readonly TimeProvider _time;
    private readonly EventHub _events;
    private readonly Background _background;
    private readonly ILogger _logger;
    private readonly VolumeCondition _condition;
    private readonly VolumeMemory _memory;
    private readonly Executor _executor;
    private readonly VolumeScene _scene;
    private readonly SpaceWatch _space;
    private readonly StopHistory _history;
    private readonly VolumeTurn _turn;
    private CancellationTokenSource _panic = new();
    private CancellationTokenSource? _grow;
    private ITimer? _holdEnd;
    private long _lockEnds;
    private Task<LockOutcome>? _locking;
    private Task _panicking = Task.CompletedTask;

    /// <summary>Describes a volume; nothing is touched before <see cref="ObserveAsync"/>.</summary>
    /// <param name="configuration">The volume, its services, and how it is locked.</param>
    /// <param name="stateDirectory">Where is kept what outlives the daemon.</param>
    /// <param name="services">The services that live on it.</param>
    /// <param name="machine">The machine that it is on.</param>
    /// <param name="strand">Where all is decided; the services' own.</param>
    /// <param name="time">The clock.</param>
    /// <param name="events">Told what happens.</param>
    /// <param name="background">Does what outlives the work that began it.</param>
    /// <param name="logger">Told what happens.</param>
    internal Volume(UnlockdConfiguration configuration, string stateDirectory, ServiceSet services, IMachine machine,
        Strand strand, TimeProvider time, EventHub events, Background background, ILogger logger)
    {
        (_configuration, _stateDirectory, _services, _machine) = (configuration, stateDirectory, services, machine);
        (_strand, _time, _events, _background, _logger) = (strand, time, events, background, logger);
        _history = new StopHistory(Path.Combine(stateDirectory, "stops"));
        _condition = new VolumeCondition(events, time, logger);
        _memory = new VolumeMemory(machine);
        _executor = new Executor(machine, events, time);
        _scene = new VolumeScene(configuration.Volume, _executor, _condition, _memory, events, time);
        _space = new SpaceWatch(new ContainerFile(configuration.Volume.Container), events, logger);
        _turn = new VolumeTurn(time);
        _events.Stepped = _turn.NoteProgress;
        _services.ReadinessChanged += OnReadinessChanged;
        _services.WantedChanged += OnWantedChanged;
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

    /// <summary>What will go wrong if nobody does anything.</summary>
    public IReadOnlyList<string> Warnings => _space.Warnings;

    /// <summary>
    /// Whether a piece of work could take its turn, or whoever has the turn is within its own limit. If not, or if there
    /// is no answer, the turn is lost for good.
    /// </summary>
    public Task<bool> IsAliveAsync() => _strand.RunAsync(() => Task.FromResult(_turn.IsAlive));

    /// <summary>How long what is under way may still take: a lock has the deadline that it was given.</summary>
    public TimeSpan TimeToFinish
    {
        get
        {
            TimeSpan left = _time.GetElapsedTime(_time.GetTimestamp(), _lockEnds);
            return left > _configuration.Lock.Deadline ? left : _configuration.Lock.Deadline;
        }
    }

    /// <summary>The machine as it was found last.</summary>
    internal Snapshot Seen => _executor.Now;

    /// <summary>The state's name on the socket.</summary>
    /// <param name="state">The state.</param>
    /// <returns>In lower case.</returns>
    public static string JsonName(VolumeState state) => state.ToString().ToLowerInvariant();

    /// <summary>
    /// Looks whether the volume is still mounted and its container still where it was, which nothing else would tell.
    /// </summary>
    /// <returns>What was seen.</returns>
    internal Task<Snapshot> LookAgainAsync() => _strand.RunAsync(async () =>
    {
        using VolumeTurn.Lease? lease = _turn.TryTake();
        if (lease is not null)
            await LookAtHealthAsync();
        else
            await TryLookAsync(Aspects.Layers);
        return Seen;
    });

    /// <summary>Who holds the volume.</summary>
    /// <param name="cancellation">Ends the look.</param>
    /// <returns>The holders; empty when it is not mapped.</returns>
    /// <exception cref="LinuxException">The kernel does not say.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    internal async Task<IReadOnlyList<Holder>> FindHoldersAsync(CancellationToken cancellation) =>
        (await _machine.ObserveAsync(Aspects.Holders, cancellation)).Holders!;

    /// <summary>
    /// Looks whether the disk below can still give a sparse container its blocks; tells it when that changes.
    /// </summary>
    public void LookForSpace() => _space.Look(State != VolumeState.Locked);

    /// <summary>Waits until something about the volume is so.</summary>
    /// <param name="condition">Asked now and after every change.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task WaitUntilAsync(Func<Volume, bool> condition, CancellationToken cancellation) =>
        _condition.WaitUntilAsync(() => condition(this), cancellation);

    /// <summary>Reads the state from the kernel, as the daemon starts, and goes on with what an earlier one began.</summary>
    /// <param name="cancellation">Ends the waiting for what systemd says of the services.</param>
    public Task ObserveAsync(CancellationToken cancellation) => _strand.RunAsync(async () =>
    {
        using VolumeTurn.Lease lease = _turn.TryTake()!;
        bool isFirst = !_memory.Recall();
        Snapshot seen = await _executor.LookAsync(Aspects.Entry | Aspects.Seal, cancellation);
        if (seen.Mapping is { IsOnNothing: true })
        {
            _condition.Complain($"{seen.Mapping.Path} is what a panic left, without a key: 'unlockctl lock' takes it down");
            _condition.Enter(VolumeState.Failed, LastError!);
            await _services.ObserveAsync(cancellation, []);
            return;
        }

        if (seen.IsMounted)
        {
            if (_memory.Filesystem is not { Verdict: FilesystemVerdict.Mounted })
                _memory.NoteMounted();
            _memory.Uuid = (await TryLookAsync(Aspects.Health)).Health?.Uuid;
            _condition.Enter(VolumeState.Starting, "found mounted");
            await ObserveServicesAsync(cancellation);
            _background.Run("bringing up what is to run", _ => _strand.RunAsync(FollowServicesAsync));
            return;
        }

        if (seen.IsMapped)
        {
            _condition.Complain($"{seen.Mapping!.Path} was left mapped and not mounted: 'unlockctl unlock' goes on from "
                + "there, 'unlockctl lock' takes it down");
            _condition.Enter(VolumeState.Failed, LastError!);
        }
        else
        {
            if (isFirst && seen.IsDown)
                _memory.NoteUntouched(seen);
            if (seen.Entry!.Conversion is null)
                await _executor.TakeDownAsync(cancellation);
            await _executor.DoAsync(new Step.Protect(), cancellation);
        }

        RecallHold();
    });

    /// <summary>Brings up what is down, and has the services started.</summary>
    /// <param name="passphrase">The passphrase, wiped as soon as the mapping exists; null to try without.</param>
    /// <returns>The attempt, as soon as the volume is mounted or it is clear that it will not be.</returns>
    public Task<UnlockAttempt> UnlockAsync(Passphrase? passphrase) => _strand.RunAsync(async () =>
    {
        CancellationToken panic = _panic.Token;
        if (State is VolumeState.Stopping or VolumeState.Locking)
            return new(UnlockOutcome.Busy, Activity);
        using Deadline patience = new(s_unlockPatience, _time);
        using VolumeTurn.Lease? lease = await _turn.TakeAsync(patience.Token);
        if (lease is null)
            return new(UnlockOutcome.Busy, Activity);
        if (panic.IsCancellationRequested)
            return new(UnlockOutcome.Failed, "ended by a panic");
        await LookAtHealthAsync();
        UnlockAttempt attempt;
        try
        {
            attempt = await new UnlockOperation(_scene, _logger).RunAsync(passphrase, panic);
        }
        catch (Exception failure) when (failure is LinuxException or IOException or OperationCanceledException)
        {
            _condition.Complain(Fault.Of(failure).ToString());
            attempt = new(UnlockOutcome.Failed, LastError!);
        }

        if (attempt.Outcome != UnlockOutcome.Mounted || panic.IsCancellationRequested)
        {
            Settle(attempt.Reason);
            return attempt.Outcome == UnlockOutcome.Mounted ? new(UnlockOutcome.Failed, "ended by a panic") : attempt;
        }

        bool wasUp = State is VolumeState.Ready or VolumeState.Degraded or VolumeState.Starting;
        if (!wasUp)
        {
            _condition.TakeDamage(null);
            _memory.Uuid = (await TryLookAsync(Aspects.Health)).Health?.Uuid;
        }

        _condition.Enter(VolumeState.Starting, wasUp ? "starting what is missing" : $"mounted on {MountPoint}");
        if (Seen.IsKeyKept)
            // After a hold it had a time limit; from here on it stays, for the next one.
            await _executor.DoAsync(new Step.KeepKey(), panic);
        return attempt with { Services = StartServicesAsync() };
    });

    /// <summary>Grows the mounted volume, while it is in use. A lock or a panic ends it between two steps.</summary>
    /// <param name="size">The size that the container is to have, in bytes.</param>
    /// <param name="passphrase">The passphrase, cleared once it has opened the container; null to try without.</param>
    /// <returns>What came of it.</returns>
    public Task<GrowOutcome> GrowAsync(long size, Passphrase? passphrase) => _strand.RunAsync(async () =>
    {
        CancellationToken panic = _panic.Token;
        using Deadline patience = new(s_unlockPatience, _time);
        using VolumeTurn.Lease? lease = State is VolumeState.Stopping or VolumeState.Locking
            ? null
            : await _turn.TakeAsync(patience.Token);
        if (lease is null)
            return new(GrowOutcomeKind.Busy, Activity);
        await LookAtHealthAsync();
        if (!Seen.IsMounted)
        {
            return new(GrowOutcomeKind.Failed, $"the volume is {JsonName(State)}, and grows while it is mounted: "
                + "'unlockctl unlock' first");
        }

        lease.Allow(s_longestGrow);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(panic);
        _grow = ended;
        try
        {
            GrowOutcome outcome = await new GrowOperation(_scene).RunAsync(size, passphrase, ended.Token);
            LogGrow(outcome.Kind, size, outcome.Reason);
            return outcome;
        }
        finally
        {
            _grow = null;
        }
    });

    /// <summary>Stops the services, takes every layer down and looks at the kernel again.</summary>
    /// <remarks>
    /// Several may ask at once: one lock is made, its failure is the answer for all of them, and after its success each
    /// gets a proof of its own.
    /// </remarks>
    /// <param name="request">How.</param>
    /// <returns>The proof, or why there is none.</returns>
    public Task<LockOutcome> LockAsync(LockRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _strand.RunAsync(async () =>
        {
            using Deadline deadline = new(request.Deadline, _time, _panic.Token);
            // The one that was asked for first goes first, with the time that it was given.
            while (_locking is { } other)
            {
                await ((Task)other).WaitAsync(deadline.Token).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                if (!other.IsCompleted)
                    return new(null, "not locked: another lock is still under way", [], Refused: true);
                if (other is { IsCompletedSuccessfully: true, Result: { Certificate: null } failed })
                    return failed;
            }

            _lockEnds = Math.Max(_lockEnds, _time.GetTimestamp()
                + (long)(request.Deadline.TotalSeconds * _time.TimestampFrequency));
            Task<LockOutcome> locking = LockAloneAsync(request with { KeepKey = _configuration.Lock.KeepKey }, deadline);
            _locking = locking.IsCompleted ? null : locking;
            try
            {
                return await locking;
            }
            finally
            {
                if (_locking == locking)
                    _locking = null;
            }
        });
    }

    /// <summary>Wipes the key from the kernel, whatever goes on; then takes the rest down.</summary>
    /// <returns>Null when all is down; otherwise what is left.</returns>
    public Task<string?> PanicAsync()
    {
        // At once, and on the caller's thread: whatever the strand is at.
        Task<StepResult> wiping = _machine.DoAsync(
            new Step.WipeKeys(), (text, _) => _events.Publish(new News.StepTold("mapping", text)), CancellationToken.None);
        return _strand.RunAsync(() =>
        {
            Task<string?> panicking = PanicAsync(wiping);
            _panicking = panicking;
            return panicking;
        });
    }

    /// <summary>
    /// Waits for what is under way; a grow is told to end. Nothing begins after it but the lock of a shutdown.
    /// </summary>
    /// <param name="patience">How long at most.</param>
    public Task FinishAsync(TimeSpan patience) => _strand.RunAsync(async () =>
    {
        using Deadline limit = new(patience, _time);
        _grow?.Cancel();
        await _panicking.WaitAsync(limit.Token).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        using VolumeTurn.Lease? lease = await _turn.TakeAsync(limit.Token);
        if (lease is null)
            LogUnfinished(Activity);
        _turn.IsClosed = true;
    });

    /// <summary>Ends a hold.</summary>
    public Task ReleaseAsync() => _strand.RunAsync(() =>
    {
        EndHold("released");
        return Task.CompletedTask;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _services.ReadinessChanged -= OnReadinessChanged;
        _services.WantedChanged -= OnWantedChanged;
        _services.StopTook -= _history.Add;
        _holdEnd?.Dispose();
        _panic.Dispose();
    }

    /// <summary>Brings the swap space up, if there is to be one.</summary>
    internal Task BringUpSwapAsync() => _strand.RunAsync(async () =>
    {
        // On hold the instance is about to go away.
        if (Hold is not null || !_turn.IsFree)
            return;
        if (await _executor.DoAsync(new Step.SwapOn(), _panic.Token) is { IsDone: false } trouble)
            _condition.Complain(trouble.Reason);
    });

    private string MountPoint => _configuration.Volume.MountPoint;

    /// <summary>What is under way, as it follows "is".</summary>
    private string Activity => _turn.IsClosed ? "left to the next daemon" : _grow is null ? JsonName(State) : "growing";

    private async Task<LockOutcome> LockAloneAsync(LockRequest request, Deadline deadline)
    {
        if (request.IsShutdown)
            _turn.IsClosed = false;
        Snapshot seen = await TryLookAsync(Aspects.Entry, deadline.Token);
        if (State == VolumeState.Locked && seen is { Entry.Conversion: { } conversion, IsAttached: true })
            return new(null, "not proven: " + conversion, [], Refused: true);
        _grow?.Cancel();
        // Not "using": what goes on after the answer keeps the turn.
        VolumeTurn.Lease? lease = await _turn.TakeAsync(deadline.Token);
        if (lease is null)
            return new(null, $"not locked: the volume is still {Activity}", [], Refused: true);
        lease.Allow(request.Deadline + AfterDeadline);
        using Deadline turn = new(request.Deadline * 0.9, _time, deadline.Token);
        LockOperation operation = new(_scene, _services, _history, request, _stateDirectory, _logger);
        LockOutcome outcome;
        try
        {
            outcome = await operation.RunAsync(deadline.Token, turn.Token);
        }
        catch (Exception failure)
        {
            // Whatever it was, the machine says what became of it.
            _condition.Complain(Fault.Of(failure).ToString());
            outcome = new(null, $"not locked: {LastError}", [], Refused: false);
        }

        // First, so that no console prompts for a moment.
        if (outcome.Certificate is not null && request.HoldFor is { } limit)
            Suspend(request.Reason ?? "locked with --hold", request.HoldOwner, limit);
        await AfterLockAsync(request, outcome, operation, lease);
        return outcome;
    }

    private async Task AfterLockAsync(
        LockRequest request, LockOutcome outcome, LockOperation operation, VolumeTurn.Lease lease)
    {
        await TryLookAsync(Aspects.Layers);
        bool hangs = !_executor.Hanging.IsCompleted;
        if (hangs)
        {
            _condition.Enter(VolumeState.Failed, outcome.Reason);
            // It waits for a disk that does not answer: a new daemon would wait for it as well.
            lease.Allow(Timeout.InfiniteTimeSpan);
        }
        else
        {
            Settle(outcome.Certificate is not null ? "locked" : outcome.Reason, failed: outcome is
                { Certificate: null, Refused: false });
        }

        if (hangs)
            _background.Run("what a lock left unfinished", _ => _strand.RunAsync(() => FinishLockAsync(operation, lease)));
        else
            lease.Dispose();
        // After the proof, under another key.
        if (!request.IsShutdown)
            _background.Run("bringing swap space up", _ => BringUpSwapAsync());
        if (!operation.Returning.IsCompleted)
            _background.Run("bringing the services back", _ => _strand.RunAsync(FollowServicesAsync));
    }

    private async Task FinishLockAsync(LockOperation operation, VolumeTurn.Lease lease)
    {
        await lease.HandOverAsync(operation.Unfinished);
        await TryLookAsync(Aspects.Layers);
        Settle("the disk answers again");
        await FollowServicesAsync();
    }

    private async Task<string?> PanicAsync(Task<StepResult> wiping)
    {
        _panic.Cancel();
        _panic = new CancellationTokenSource();
        // Nothing is started any more on what has no key.
        Task halted = _services.Halt();
        // Whoever asked takes a daemon that says nothing for one that is stuck.
        _events.Publish(new News.StepTold("volume", "ending what is under way"));
        StepResult wiped = await wiping;
        using Deadline patience = new(s_panicPatience, _time);
        // Whoever has the turn waits for the device, which now fails, or is stuck: then it is done out of turn.
        using VolumeTurn.Lease? lease = await _turn.TakeAsync(patience.Token);
        Snapshot seen = await TryLookAsync(Aspects.Layers);
        if (lease is not null && seen.IsDown && State == VolumeState.Locked && wiped.IsDone)
            return null;
        bool unlocking = lease is null && State == VolumeState.Unlocking;
        _condition.Enter(VolumeState.Locking, "panic: the key is wiped");
        string? left = await new PanicOperation(_executor, _services, _time).RunAsync();
        await halted.WaitAsync(s_panicPatience, _time).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (unlocking)
        {
            left ??= "an unlock is still under way, and ends as soon as it has derived its key: 'unlockctl lock' then "
                + "proves that";
        }

        _memory.NoteUnclean("a panic wiped the key while it was in use");
        _condition.Complain("panic: the key was wiped while the volume was in use; what was not yet on the disk is lost"
            + (left is null ? "" : $"; {left}"));
        await TryLookAsync(Aspects.Layers);
        Settle(LastError!, failed: left is not null);
        return left;
    }

    /// <summary>Goes into the state that the machine shows; no piece of work leaves another one behind.</summary>
    /// <param name="text">Why, in a line.</param>
    /// <param name="failed">Whether a person has to look, although the layers are down.</param>
    private void Settle(string text, bool failed = false)
    {
        VolumeState state = Plan.AtRest(
            Seen, _services.IsSettling, _services.AreAllReady, isSound: _condition.Damage is null);
        _condition.Enter(failed && state == VolumeState.Locked ? VolumeState.Failed : state, text);
    }

    private async Task<Snapshot> TryLookAsync(Aspects aspects, CancellationToken limit = default)
    {
        try
        {
            return await _executor.LookAsync(aspects, limit);
        }
        catch (Exception failure) when (failure is LinuxException or OperationCanceledException)
        {
            LogNoLook(failure.Message);
            return Seen;
        }
    }

    private async Task LookAtHealthAsync()
    {
        Snapshot seen = await TryLookAsync(Aspects.Health);
        if (seen.Health is null || State is not (VolumeState.Ready or VolumeState.Degraded or VolumeState.Starting))
            return;
        _condition.TakeDamage(Diagnosis.OfHealth(_configuration.Volume, seen, _memory.Uuid)?.ToString());
        if (seen.IsMounted)
        {
            TakeReadiness();
            return;
        }

        _condition.Complain("somebody else unmounted the volume: 'unlockctl unlock' brings it up again, "
            + "'unlockctl lock' takes down what is left");
        _condition.Enter(VolumeState.Failed, LastError!);
    }

    /// <summary>Told to end in the middle of it, the daemon may still have to lock.</summary>
    private async Task ObserveServicesAsync(CancellationToken cancellation)
    {
        try
        {
            await _services.ObserveAsync(cancellation, _memory.Wanted);
        }
        catch (OperationCanceledException)
        {
            LogServicesUnknown();
        }

        TakeReadiness();
    }

    private async Task<VolumeState> StartServicesAsync()
    {
        await _services.StartAsync(CancellationToken.None);
        TakeReadiness();
        return State;
    }

    private async Task FollowServicesAsync()
    {
        await _services.WhenSettledAsync();
        TakeReadiness();
    }

    /// <summary>Takes up what the services say, unless the volume is in a state where that is nothing new.</summary>
    private void TakeReadiness()
    {
        if (State is not (VolumeState.Starting or VolumeState.Ready or VolumeState.Degraded))
            return;
        bool isSound = _condition.Damage is null;
        VolumeState state = _services.IsSettling && State == VolumeState.Starting ? VolumeState.Starting
            : _services.AreAllReady && isSound ? VolumeState.Ready
            : VolumeState.Degraded;
        _condition.Enter(state, state == VolumeState.Ready ? "all services are ready"
            : isSound ? "not all services are ready"
            : "the container is damaged");
    }

    private void Suspend(string reason, string? owner, TimeSpan limit)
    {
        long end = _time.GetTimestamp() + (long)(limit.TotalSeconds * _time.TimestampFrequency);
        _memory.NoteHold(new HoldMemory(reason.ReplaceLineEndings(" "), (double)end / _time.TimestampFrequency, owner));
        Suspend(new Hold(reason, _time.GetUtcNow() + limit, end, owner), limit);
    }

    private void Suspend(Hold hold, TimeSpan left)
    {
        _condition.Suspend(hold);
        _holdEnd?.Dispose();
        _holdEnd = _time.CreateTimer(
            _ => _strand.Post(() => EndHold("its time has come", hold)), null, left, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes up the hold that an earlier daemon of this boot left, if there is one.</summary>
    private void RecallHold()
    {
        if (_memory.Hold is not { } noted)
            return;
        TimeSpan left = TimeSpan.FromSeconds(noted.UntilSeconds)
            - TimeSpan.FromSeconds((double)_time.GetTimestamp() / _time.TimestampFrequency);
        left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
        Suspend(new Hold(noted.Reason, _time.GetUtcNow() + left,
            _time.GetTimestamp() + (long)(left.TotalSeconds * _time.TimestampFrequency), noted.Owner), left);
    }

    private void EndHold(string why, Hold? only = null)
    {
        if (Hold is null || (only is not null && Hold != only))
            return;
        _memory.NoteHold(null);
        _condition.Suspend(null, why);
        _background.Run("bringing swap space up", _ => BringUpSwapAsync());
        if (Seen.IsKeyKept)
            _background.Run("unlocking with the kept key", _ => UnlockAsync(null));
    }

    private void OnReadinessChanged(bool ready) => _strand.Post(TakeReadiness);

    private void OnWantedChanged() => _memory.NoteWanted(_services.Wanted);

    [LoggerMessage(Level = LogLevel.Information, Message = "grow to {Size} bytes: {Outcome} {Reason}")]
    private partial void LogGrow(GrowOutcomeKind outcome, long size, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the daemon ends although the volume is still {Activity}")]
    private partial void LogUnfinished(string activity);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot look at the volume: {Reason}")]
    private partial void LogNoLook(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "told to end before systemd had said how the services do")]
    private partial void LogServicesUnknown();
}
