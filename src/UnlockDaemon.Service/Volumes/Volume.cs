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

    /// <inheritdoc/>
    public void Dispose()
    {
        _services.ReadinessChanged -= OnReadinessChanged;
        _services.WantedChanged -= OnWantedChanged;
        _services.StopTook -= _history.Add;
        _holdEnd?.Dispose();
        _panic.Dispose();
    }

    private string MountPoint => _configuration.Volume.MountPoint;

    /// <summary>What is under way, as it follows "is".</summary>
    private string Activity => _turn.IsClosed ? "left to the next daemon" : _grow is null ? JsonName(State) : "growing";

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

    [LoggerMessage(Level = LogLevel.Warning, Message = "the daemon ends although the volume is still {Activity}")]
    private partial void LogUnfinished(string activity);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot look at the volume: {Reason}")]
    private partial void LogNoLook(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "told to end before systemd had said how the services do")]
    private partial void LogServicesUnknown();
}
