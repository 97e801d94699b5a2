using System.Diagnostics;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Volumes;

/// <summary>One lock, from the plan to the proof; or back to where it began.</summary>
internal sealed partial class LockSequence(
    VolumeConfiguration configuration,
    VolumeCondition condition,
    StorageStack stack,
    ServiceSet services,
    LockProof proof,
    EventHub events,
    Func<Task> startServices,
    ILogger logger)
{
    // A service may be started again by a timer or another unit while the volume is still mounted.
    private const int Attempts = 3;
    private const string WriteBackTooSlow = "writing back and unmounting did not end before the deadline";

    // Named for the generated log methods.
    private readonly ILogger _logger = logger;
    private readonly long _started = Stopwatch.GetTimestamp();
    private double _servicesSeconds;

    /// <summary>
    /// What still goes on when the answer had to be given: services coming back, or an unmount that hangs.
    /// </summary>
    internal Task Unfinished { get; private set; } = Task.CompletedTask;

    internal async Task<LockOutcome> RunAsync(LockRequest request, LockPlan plan, CancellationToken deadline)
    {
        try
        {
            return await LockAsync(request, plan, deadline);
        }
        catch (Exception failure) when (failure is LinuxException or IOException or UnauthorizedAccessException
            && condition.State is VolumeState.Locked or VolumeState.Stopping or VolumeState.Locking)
        {
            return Stick($"not locked: {(failure is LinuxException known ? Advice.For(known) : failure.Message)}");
        }
    }

    private async Task<LockOutcome> LockAsync(LockRequest request, LockPlan plan, CancellationToken deadline)
    {
        // What is locked already is only looked at again: the prompts stay.
        bool wasLocked = condition.State == VolumeState.Locked;
        if (await FindObstacleAsync(request, plan, wasLocked, deadline) is { } obstacle)
            return obstacle;
        if (!wasLocked)
            condition.Enter(VolumeEvent.LockRequested,
                request.Reason is null ? "locking" : $"locking: {request.Reason}");

        bool wasMounted = stack.IsMounted;
        // A tenth of the time is for the way back.
        using CancellationTokenSource turn = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        turn.CancelAfter(request.Deadline * 0.9);
        string? refusal = await TakeDownAsync(request, wasLocked, plan, turn.Token);
        if (refusal is not null)
            return await RefuseAsync(refusal, wasMounted, deadline);

        if (request is { HoldFor: not null, KeepKey: { } time })
            stack.Mapping.Kept.ExpireAfter(time);
        else if (condition.Hold is null)
            stack.Mapping.Kept.Wipe();
        double unmountSeconds = Elapsed() - _servicesSeconds;
        return await ProveAsync(deadline) is { } checks
            ? Conclude(request, checks, new LockSeconds(_servicesSeconds, unmountSeconds, Elapsed()))
            : Stick("locked, but the proof did not end before the deadline: does the disk answer?");
    }

    private double Elapsed() => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    private void Report(string layer, string text) => events.Publish("step", layer, text);

    private async Task<LockOutcome?> FindObstacleAsync(
        LockRequest request, LockPlan plan, bool wasLocked, CancellationToken deadline)
    {
        try
        {
            LockOutcome? obstacle = await plan.FindObstacleAsync(request, wasLocked, deadline);
            if (obstacle is not null)
                condition.Complain(obstacle.Reason);
            return obstacle;
        }
        catch (Exception failure) when (failure is LinuxException or SystemdException)
        {
            // What cannot be foreseen will be seen.
            LogNoPlan(failure.Message);
            return null;
        }
    }

    /// <returns>Null when all layers are down, otherwise why not.</returns>
    private async Task<string?> TakeDownAsync(
        LockRequest request, bool wasLocked, LockPlan plan, CancellationToken deadline)
    {
        for (int attempt = 1; ; attempt++)
        {
            string? refusal = await StopServicesAsync(deadline);
            _servicesSeconds = Elapsed();
            if (refusal is not null)
                return refusal;
            if (!wasLocked && attempt == 1)
                condition.Enter(VolumeEvent.ServicesStopped, "services are stopped");
            refusal = await TakeSwapDownAsync(request, deadline) ?? await DetachAsync(plan, deadline);
            if (refusal is null || attempt == Attempts || deadline.IsCancellationRequested
                || await services.FindRunningAsync(CancellationToken.None) is not { Count: > 0 } again)
                return refusal;
            Report("units", $"was started again by somebody: {string.Join(", ", again)}");
        }
    }

    private async Task<string?> StopServicesAsync(CancellationToken deadline)
    {
        try
        {
            IReadOnlyList<RunningService> running = await services.StopAsync(deadline);
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

    /// <summary>A shutdown is not held up by swap: its key goes with the power.</summary>
    private async Task<string?> TakeSwapDownAsync(LockRequest request, CancellationToken deadline)
    {
        string? left = await stack.Swap.TakeDownAsync(deadline);
        return request.IsShutdown ? null : left;
    }

    private async Task<string?> DetachAsync(LockPlan plan, CancellationToken deadline)
    {
        // A call to the kernel cannot be ended: on a disk that does not answer it is left behind.
        Task<string?> detach = Task.Run(
            () => plan.Evict(text => Report("filesystem", text)) ?? DetachLayers(deadline), CancellationToken.None);
        try
        {
            return await detach.WaitAsync(deadline);
        }
        catch (OperationCanceledException)
        {
            Unfinished = detach;
            return WriteBackTooSlow;
        }
    }

    private async Task<IReadOnlyList<CheckResult>?> ProveAsync(CancellationToken deadline)
    {
        Task<IReadOnlyList<CheckResult>> checks = Task.Run(() => proof.CheckAsync(CancellationToken.None),
            CancellationToken.None);
        try
        {
            return await checks.WaitAsync(deadline);
        }
        catch (OperationCanceledException)
        {
            Unfinished = checks;
            return null;
        }
    }

    private string? DetachLayers(CancellationToken deadline)
    {
        try
        {
            // After a panic there is no disk behind it to write to.
            if (stack.IsMounted && stack.Mapping.Mapping is { IsOnNothing: false })
                stack.Filesystem.Sync();
        }
        catch (LinuxException failure)
        {
            return Advice.For(failure);
        }

        // The answer has been given by now, and it was no.
        return deadline.IsCancellationRequested ? WriteBackTooSlow : stack.TakeDown(Report);
    }

    private LockOutcome Conclude(LockRequest request, IReadOnlyList<CheckResult> checks, LockSeconds seconds)
    {
        foreach (CheckResult check in checks)
            events.Publish("check", check.Name, $"{(check.Ok ? "ok" : "FAILED")}: {check.Detail}");
        CheckResult[] failed = [.. checks.Where(static check => !check.Ok)];
        if (failed.Length > 0)
            return Stick("locked, but not proven: "
                + string.Join("; ", failed.Select(static check => $"{check.Name}: {check.Detail}")));

        condition.ForgetError();
        // First, so that no console prompts for a moment.
        if (request.HoldFor is { } limit)
            condition.Suspend(new Hold(request.Reason ?? "locked with --hold", DateTimeOffset.UtcNow + limit));
        condition.Enter(VolumeEvent.Detached, "locked");
        LogLocked(seconds.Total);
        return new(new Certificate(Environment.MachineName, BootId.Current, DateTimeOffset.UtcNow, request.Reason,
            configuration.Container, request.Nonce, checks, seconds), "", [], Refused: false);
    }

    /// <summary>
    /// A lock that cannot be finished is undone: billing goes on, and the operator knows who is in the way.
    /// </summary>
    private async Task<LockOutcome> RefuseAsync(string refusal, bool wasMounted, CancellationToken deadline)
    {
        if (stack.Mapping.Mapping is { IsOnNothing: true })
            return Stick($"not locked, and a panic has wiped the key: {refusal}");
        if (!Unfinished.IsCompleted)
        {
            Unfinished = ComeBackAfterAsync(Unfinished);
            return Stick($"not locked: {refusal}; if it is still mounted once the disk has answered, the services are "
                + "started again ('unlockctl status')");
        }

        if (!wasMounted || !MountAgain())
            return Stick(stack.IsMapped
                ? $"not locked: {refusal}"
                : $"the key is gone, but not all is down: {refusal}");
        IReadOnlyList<Holder> holders = await FindHoldersAsync(deadline);
        string reason = holders.Count == 0
            ? $"not locked: {refusal}"
            : $"not locked: {refusal}: {string.Join("; ", holders.Take(3))}";
        condition.Complain(reason);
        condition.Enter(VolumeEvent.LockRefused, reason + "; bringing the services back");
        Unfinished = startServices();
        await Unfinished.WaitAsync(deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        string back = !Unfinished.IsCompleted ? "; the services are still coming back ('unlockctl status')"
            : condition.State == VolumeState.Degraded ? "; not all services are back ('unlockctl status')"
            : "";
        return new(null, reason + back, holders, Refused: true);
    }

    /// <summary>Once the kernel has answered: nobody waits any more, but billing does.</summary>
    private async Task ComeBackAfterAsync(Task detach)
    {
        await detach.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Anything else came from a panic meanwhile.
        if (condition.State != VolumeState.Failed || stack.Mapping.Mapping is { IsOnNothing: true })
            return;
        if (!stack.IsMounted)
        {
            WipeUnusedKey();
            return;
        }

        condition.Enter(VolumeEvent.LockRefused, "the disk answers again; bringing the services back");
        await startServices();
    }

    /// <summary>No hold was made that it could be kept for.</summary>
    private void WipeUnusedKey()
    {
        if (!stack.IsMapped)
            stack.Mapping.Kept.Wipe();
    }

    /// <summary>A process that uses a file server which does not answer holds up whoever looks at it.</summary>
    private async Task<IReadOnlyList<Holder>> FindHoldersAsync(CancellationToken deadline)
    {
        try
        {
            return await Task.Run(() => stack.Filesystem.FindHolders(), CancellationToken.None).WaitAsync(deadline);
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }

    /// <summary>
    /// It can be unmounted while something still holds the device below: the key is there, so it can come back.
    /// </summary>
    private bool MountAgain()
    {
        if (stack.IsMounted)
            return true;
        try
        {
            return stack.IsMapped && stack.Filesystem.MountAgain();
        }
        catch (LinuxException failure)
        {
            Report("filesystem", failure.Message);
            return false;
        }
    }

    private LockOutcome Stick(string reason)
    {
        WipeUnusedKey();
        condition.Complain(reason);
        condition.Enter(VolumeEvent.Stuck, reason);
        return new(null, reason, [], Refused: false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "locked and proven after {Seconds:0.00} s")]
    private partial void LogLocked(double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "cannot look ahead of the lock: {Reason}")]
    private partial void LogNoPlan(string reason);
}
