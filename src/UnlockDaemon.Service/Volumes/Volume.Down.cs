using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <content>The ways down: lock, panic, and the hold that a lock may leave.</content>
public sealed partial class Volume
{
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

            _lockEnds = Math.Max(_lockEnds, _time.GetTimestampAfter(request.Deadline));
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

    /// <summary>Ends a hold.</summary>
    public Task ReleaseAsync() => _strand.RunAsync(() =>
    {
        EndHold("released");
        return Task.CompletedTask;
    });

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
        // A step that hangs and was none of the way down leaves the volume as it was.
        bool hangs = !operation.Unfinished.IsCompleted;
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
        try
        {
            await lease.HandOverAsync(operation.Unfinished);
        }
        finally
        {
            await TryLookAsync(Aspects.Layers);
            Settle("the disk answers again");
        }

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

    /// <summary>CLOCK_MONOTONIC, the same for all daemons of a boot.</summary>
    private TimeSpan SinceBoot => _time.GetElapsedTime(0);

    private void Suspend(string reason, string? owner, TimeSpan limit)
    {
        _memory.NoteHold(
            new HoldMemory(reason.ReplaceLineEndings(" "), (SinceBoot + limit).TotalSeconds, owner));
        Suspend(new Hold(reason, _time.GetUtcNow() + limit, owner), limit);
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
        TimeSpan left = TimeSpan.FromSeconds(noted.UntilSeconds) - SinceBoot;
        left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
        Suspend(new Hold(noted.Reason, _time.GetUtcNow() + left, noted.Owner), left);
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
}
