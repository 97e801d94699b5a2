using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <content>The ways up: unlock, grow, and what goes on with the services afterwards.</content>
public sealed partial class Volume
{
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

    /// <summary>Brings the swap space up, if there is to be one.</summary>
    internal Task BringUpSwapAsync() => _strand.RunAsync(async () =>
    {
        // On hold the instance is about to go away.
        if (Hold is not null || !_turn.IsFree)
            return;
        if (await _executor.DoAsync(new Step.SwapOn(), _panic.Token) is { IsDone: false } trouble)
            _condition.Complain(trouble.Reason);
    });

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

    private void OnReadinessChanged(bool ready) => _strand.Post(TakeReadiness);

    private void OnWantedChanged() => _memory.NoteWanted(_services.Wanted);

    [LoggerMessage(Level = LogLevel.Information, Message = "grow to {Size} bytes: {Outcome} {Reason}")]
    private partial void LogGrow(GrowOutcomeKind outcome, long size, string reason);
}
