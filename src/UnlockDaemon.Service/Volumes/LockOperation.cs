using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// One lock, from the look ahead to the proof; or back to where it began. Whatever can make it fail is looked for, and
/// what can be flushed is flushed, before anything is stopped.
/// </summary>
internal sealed partial class LockOperation(
    VolumeScene scene, ServiceSet services, StopHistory history, LockRequest request, string stateDirectory, ILogger logger)
{
    // A service may be started again by a timer or another unit while the volume is still mounted.
    private const int Attempts = 3;

    // udev looks into a device when it has changed, and lets go of it by itself.
    private const string PassingUnit = "systemd-udevd.service";
    private static readonly TimeSpan s_passing = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_nextLook = TimeSpan.FromMilliseconds(50);

    // Named for the generated log methods.
    private readonly ILogger _logger = logger;
    private readonly long _started = scene.Time.GetTimestamp();
    private double _servicesSeconds;
    private IReadOnlyList<string> _ran = [];

    /// <summary>What still goes on when the answer had to be given: a call that hangs.</summary>
    internal Task Unfinished { get; private set; } = Task.CompletedTask;

    /// <summary>The services that come back; completed when it is known how they end up.</summary>
    internal Task Returning { get; private set; } = Task.CompletedTask;

    /// <summary>Locks.</summary>
    /// <param name="deadline">The whole time.</param>
    /// <param name="turn">A tenth less: that is for the way back.</param>
    internal async Task<LockOutcome> RunAsync(CancellationToken deadline, CancellationToken turn)
    {
        using Evictions evictions = new();
        await scene.Executor.LookAsync(Aspects.Layers, turn);
        // What is locked already is only looked at again: the prompts stay.
        bool wasLocked = scene.Condition.State == VolumeState.Locked;
        bool wasMounted = scene.Now.IsMounted;
        if (await FindObstacleAsync(evictions, wasLocked, turn) is { } obstacle)
            return obstacle;
        if (!wasLocked)
            scene.Condition.Enter(VolumeState.Stopping, request.Reason is null ? "locking" : $"locking: {request.Reason}");
        _ran = services.Wanted;
        try
        {
            if (await TakeDownAsync(evictions.Taken, wasLocked, turn) is { } refusal)
                return await GoBackAsync(refusal, wasMounted, deadline);
            return await ProveAsync(deadline);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !deadline.IsCancellationRequested)
        {
            return await GoBackAsync(Fault.Of(failure).ToString(), wasMounted, deadline);
        }
    }

    /// <returns>Null when all layers are down, otherwise why not.</returns>
    private async Task<string?> TakeDownAsync(
        IReadOnlyList<ProcessHandle> evicted, bool wasLocked, CancellationToken turn)
    {
        for (int attempt = 1; ; attempt++)
        {
            string? refusal = await StopServicesAsync(turn);
            _servicesSeconds = Elapsed();
            if (refusal is not null)
                return refusal;
            if (!wasLocked)
                scene.Condition.Enter(VolumeState.Locking, "services are stopped");
            refusal = await DetachAsync(evicted, turn);
            if (refusal is null || attempt == Attempts || turn.IsCancellationRequested
                || await FindRunningAsync(turn) is not { Count: > 0 } again)
                return refusal;
            scene.Events.Publish(
                new News.StepTold("units", $"was started again by somebody: {string.Join(", ", again)}"));
        }
    }

    private async Task<string?> StopServicesAsync(CancellationToken turn)
    {
        try
        {
            IReadOnlyList<RunningService> running = await services.StopAsync(turn);
            return running.Count == 0 ? null : string.Join("; ", running);
        }
        catch (OperationCanceledException)
        {
            return "the services did not stop before the deadline";
        }
    }

    private async Task<string?> DetachAsync(IReadOnlyList<ProcessHandle> evicted, CancellationToken turn)
    {
        foreach (Step step in Plan.AfterStop(scene.Now, evicted))
        {
            if (step is Step.Unmap)
                await scene.NoteUnmountedAsync(turn);
            StepResult result = await scene.Executor.DoAllAsync([step], turn);
            // A shutdown is not held up by swap: its key goes with the power.
            if (!result.IsDone && !(step is Step.SwapOff && request.IsShutdown))
                return result.Reason;
            if (step is Step.Unmap)
                scene.Memory.Seal(await scene.Executor.LookAsync(Aspects.Seal, turn));
        }

        return null;
    }

    private async Task<LockOutcome> ProveAsync(CancellationToken deadline)
    {
        // A node that asks for a certificate of its own during a hold leaves the hold alone, its key, and that key's time.
        if (scene.Now.IsKeyKept && scene.Condition.Hold is null)
            await scene.Executor.DoAsync(request is { HoldFor: not null, KeepKey: { } time }
                ? new Step.ExpireKey(time)
                : new Step.ForgetKey(), deadline);
        double unmountSeconds = Elapsed() - _servicesSeconds;
        StepResult flush = await scene.Executor.DoAsync(new Step.Flush(), deadline);
        Snapshot seen;
        try
        {
            seen = await scene.Executor.LookAsync(Aspects.Leftovers, deadline);
        }
        catch (OperationCanceledException)
        {
            return await StickAsync("locked, but the proof did not end before the deadline: does the disk answer?");
        }

        return await ConcludeAsync(Proof.Of(seen, scene.Memory.Filesystem, flush, stateDirectory),
            new LockSeconds(_servicesSeconds, unmountSeconds, Elapsed()));
    }

    private async Task<LockOutcome> ConcludeAsync(IReadOnlyList<CheckResult> checks, LockSeconds seconds)
    {
        foreach (CheckResult check in checks)
            scene.Events.Publish(new News.ProofChecked(check));
        CheckResult[] failed = [.. checks.Where(static check => !check.Ok)];
        if (failed.Length > 0)
            return await StickAsync("locked, but not proven: "
                + string.Join("; ", failed.Select(static check => $"{check.Name}: {check.Detail}")));

        scene.Condition.ForgetError();
        LogLocked(seconds.Total);
        return new(new Certificate(Environment.MachineName, BootId.Current, scene.Time.GetUtcNow(), request.Reason,
            scene.Volume.Container, request.Nonce, checks, seconds), "", [], Refused: false);
    }

    /// <summary>
    /// A lock that cannot be finished is undone: billing goes on, and the operator knows who is in the way.
    /// </summary>
    private async Task<LockOutcome> GoBackAsync(string refusal, bool wasMounted, CancellationToken deadline)
    {
        if (scene.Now.Mapping is { IsOnNothing: true })
            return await StickAsync($"not locked, and a panic has wiped the key: {refusal}");
        bool isBack = scene.Executor.Hanging.IsCompleted && wasMounted && await MountAgainAsync(deadline);
        if (!scene.Executor.Hanging.IsCompleted)
        {
            Unfinished = ComeBackAfterAsync(scene.Executor.Hanging);
            return await StickAsync($"not locked: {refusal}; if it is still mounted once the disk has answered, the "
                + "services are started again ('unlockctl status')");
        }

        if (!isBack)
            return await StickAsync(scene.Now.IsMapped
                ? $"not locked: {refusal}"
                : $"the key is gone, but not all is down: {refusal}");
        IReadOnlyList<Holder> holders = await FindHoldersAsync(deadline);
        string reason = holders.Count == 0
            ? $"not locked: {refusal}"
            : $"not locked: {refusal}: {Diagnosis.Name(holders)}";
        scene.Condition.Complain(reason);
        scene.Condition.Enter(VolumeState.Starting, reason + "; bringing the services back");
        Task<bool> back = services.Want(_ran);
        Returning = back;
        await ((Task)back).WaitAsync(deadline).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        string how = !back.IsCompleted ? "; the services are still coming back ('unlockctl status')"
            : back is { IsCompletedSuccessfully: true, Result: true } ? ""
            : "; not all services are back ('unlockctl status')";
        return new(null, reason + how, holders, Refused: true);
    }

    /// <summary>Once the kernel has answered: nobody waits any more, but billing does.</summary>
    private async Task ComeBackAfterAsync(Task hanging)
    {
        await hanging.ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await scene.Executor.LookAsync(Aspects.Layers, CancellationToken.None);
        if (scene.Now.Mapping is { IsOnNothing: true } || !scene.Now.IsMapped
            || !await MountAgainAsync(CancellationToken.None))
        {
            if (!scene.Now.IsMapped && scene.Now.IsKeyKept)
                await scene.Executor.DoAsync(new Step.ForgetKey(), CancellationToken.None);
            return;
        }

        scene.Condition.Enter(VolumeState.Starting, "the disk answers again; bringing the services back");
        // Others need not wait for that to have their turn.
        Returning = services.Want(_ran);
    }

    /// <summary>
    /// It can be unmounted while something still holds the device below: the key is there, so it can come back,
    /// unchecked, as it may still be mounted in another namespace.
    /// </summary>
    private async Task<bool> MountAgainAsync(CancellationToken deadline)
    {
        if (scene.Now.IsMounted)
            return true;
        if (!scene.Now.IsMapped)
            return false;
        scene.Memory.NoteMounted();
        StepResult mounted = await scene.Executor.DoAsync(new Step.Mount(), deadline);
        if (!mounted.IsDone)
            scene.Events.Publish(new News.StepTold("filesystem", mounted.Reason));
        return scene.Now.IsMounted;
    }

    private async Task<LockOutcome> StickAsync(string reason)
    {
        // No hold was made that it could be kept for.
        if (scene.Now is { IsMapped: false, IsKeyKept: true } && scene.Condition.Hold is null)
            await scene.Executor.DoAsync(new Step.ForgetKey(), CancellationToken.None);
        scene.Condition.Complain(reason);
        return new(null, reason, [], Refused: false);
    }

    private double Elapsed() => scene.Time.GetElapsedTime(_started).TotalSeconds;

    private static LockOutcome Refuse(string reason, IReadOnlyList<Holder>? holders = null) =>
        new(null, $"not locked, nothing was stopped: {reason}", holders ?? [], Refused: true);

    [LoggerMessage(Level = LogLevel.Information, Message = "locked and proven after {Seconds:0.00} s")]
    private partial void LogLocked(double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot look ahead of the lock: {Reason}")]
    private partial void LogNoPlan(string reason);
}
