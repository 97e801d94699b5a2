using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <content>What can make a lock fail, looked for before anything is stopped.</content>
internal sealed partial class LockOperation
{
    /// <summary>Looks for what would make it fail, and does what may take long, while all services still run.</summary>
    private async Task<LockOutcome?> FindObstacleAsync(Evictions evictions, bool wasLocked, CancellationToken turn)
    {
        if (Diagnosis.OfStranger(scene.Volume, scene.Now) is { } stranger)
            return new(null, $"not proven, nothing was stopped: {stranger}", [], Refused: true);
        if (wasLocked)
            return null;
        if (Diagnosis.OfGuest(scene.Volume, scene.Now) is { } guest)
            return Refuse(guest.ToString());
        TimeSpan estimate = services.EstimateStop(history);
        if (estimate > request.Deadline)
            return Refuse($"past stops of the services took up to {estimate.TotalSeconds:0} s, the deadline is "
                + $"{request.Deadline.TotalSeconds:0} s: give it more time, such as "
                + $"--deadline {estimate.TotalSeconds * 1.5:0}s");
        // First held, then looked at: whoever gets the number later is not meant.
        if (evictions.Take(request.Evict ?? []) is { } untouchable)
            return Refuse(untouchable);
        try
        {
            if (await FindStrangersAsync(evictions, turn) is { } refused)
                return refused;
        }
        catch (OperationCanceledException)
        {
            return Refuse("looking for who holds the volume did not end before the deadline: does systemd answer?");
        }
        catch (SystemdException failure)
        {
            // Without systemd nothing can be stopped either, and that says more.
            LogNoPlan(failure.Message);
        }

        return await scene.Executor.DoAllAsync(Plan.BeforeStop(scene.Now), turn) is { IsDone: false } slow
            ? Refuse(slow.Reason)
            : null;
    }

    private async Task<LockOutcome?> FindStrangersAsync(Evictions evictions, CancellationToken turn)
    {
        long started = scene.Time.GetTimestamp();
        while (true)
        {
            Snapshot seen = await scene.Executor.LookAsync(Aspects.Holders | Aspects.Leftovers, turn);
            if (evictions.FindWrong(Diagnosis.StrangersIn(seen)) is { } wrong)
                return Refuse(wrong);
            if (Diagnosis.OfLock(scene.Volume, seen, evictions.Processes) is not { } obstacle)
                return null;
            if (obstacle.Holders.Count == 0 || !obstacle.Holders.All(IsPassing)
                || scene.Time.GetElapsedTime(started) > s_passing)
                return Refuse(obstacle.Fault.ToString(), obstacle.Holders);
            await Task.Delay(s_nextLook, scene.Time, turn);
        }
    }

    private static bool IsPassing(Holder holder) => holder is { Unit: PassingUnit, Kind: "device" };

    private async Task<IReadOnlyList<string>> FindRunningAsync(CancellationToken turn)
    {
        try
        {
            return await services.FindRunningAsync(turn);
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }

    private async Task<IReadOnlyList<Holder>> FindHoldersAsync(CancellationToken deadline)
    {
        try
        {
            return (await scene.Executor.LookAsync(Aspects.Holders, deadline)).Holders!;
        }
        catch (Exception failure) when (failure is OperationCanceledException or LinuxException or SystemdException)
        {
            return [];
        }
    }
}
