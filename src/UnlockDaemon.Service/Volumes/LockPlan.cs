using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Volumes;

/// <summary>Looks, before anything is stopped, for what would make a lock fail.</summary>
internal sealed class LockPlan(ServiceSet services, FilesystemLayer filesystem, StopHistory history) : IDisposable
{
    // These go away with the services and their mounts, or are the kernel's; the unmount itself will tell.
    private static readonly string[] s_uncertain =
        ["mount-namespace", "mount", "swap", "loop", "device-mapper", "nfs-export"];

    // udev looks into a device when it has changed, and lets go of it by itself.
    private const string PassingUnit = "systemd-udevd.service";
    private static readonly TimeSpan s_passing = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_nextLook = TimeSpan.FromMilliseconds(50);

    // An eviction as in systemd: time to end, then SIGKILL.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(5);
    private readonly List<ProcessHandle> _evicted = [];

    /// <summary>Makes the plan.</summary>
    /// <param name="request">How it is to be locked.</param>
    /// <param name="isLocked">Whether there is nothing to take down, and only a proof is wanted.</param>
    /// <param name="cancellation">Ends the look.</param>
    /// <returns>Null when nothing is known to be in the way; otherwise why the lock is refused, and who is.</returns>
    internal async Task<LockOutcome?> FindObstacleAsync(
        LockRequest request, bool isLocked, CancellationToken cancellation)
    {
        if (filesystem.FindStranger() is { } stranger)
            return new(null, $"not proven, nothing was stopped: {stranger}", [], Refused: true);
        if (isLocked)
            return null;
        TimeSpan estimate = services.EstimateStop(history);
        if (estimate > request.Deadline)
            return Refuse($"past stops of the services took up to {estimate.TotalSeconds:0} s, the deadline is "
                + $"{request.Deadline.TotalSeconds:0} s: give it more time, such as "
                + $"--deadline {estimate.TotalSeconds * 1.5:0}s");
        Holder[] strangers;
        try
        {
            strangers = await FindStrangersAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return Refuse("looking for who holds the volume did not end before the deadline: does a file server "
                + "(NFS) not answer, or systemd?");
        }

        foreach (int pid in request.Evict ?? [])
        {
            if (Take(pid, strangers) is { } wrong)
                return Refuse(wrong);
        }

        Holder[] left = [.. strangers.Where(holder => !_evicted.Exists(process => process.Pid == holder.Pid))];
        return left.Length == 0
            ? null
            : Refuse($"{filesystem.MountPath} is in use: "
                + $"{string.Join("; ", left.Take(3).Select(static h => h.ToString()))}", left);
    }

    /// <summary>Ends the processes that may be ended.</summary>
    /// <returns>Null when all are gone, otherwise which are not.</returns>
    internal string? Evict(Action<string> report)
    {
        foreach (ProcessHandle process in _evicted)
        {
            report($"ending pid {process.Pid}");
            if (!process.End(s_grace, s_grace))
                return $"pid {process.Pid} does not end, not even by SIGKILL: it waits for a device (state D in ps)";
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _evicted.ForEach(static process => process.Dispose());

    /// <remarks>A process that uses a file server which does not answer holds up whoever looks at it.</remarks>
    private async Task<Holder[]> FindStrangersAsync(CancellationToken cancellation)
    {
        IReadOnlySet<int> ours = await services.FindProcessesAsync(cancellation);
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            IReadOnlyList<Holder> holders =
                await Task.Run(() => filesystem.FindHolders(ours), CancellationToken.None).WaitAsync(cancellation);
            Holder[] strangers = [.. holders.Where(static holder => !s_uncertain.Contains(holder.Kind))];
            if (strangers.Length == 0 || !Array.TrueForAll(strangers, IsPassing)
                || Stopwatch.GetElapsedTime(started) > s_passing)
                return strangers;
            await Task.Delay(s_nextLook, cancellation);
        }
    }

    private static bool IsPassing(Holder holder) => holder is { Unit: PassingUnit, Kind: "device" };

    private string? Take(int pid, Holder[] strangers)
    {
        // First held, then looked at: whoever gets the number later is not meant.
        if (pid == 1 || pid == Environment.ProcessId)
            return $"pid {pid} cannot be evicted";
        if (ProcessHandle.TryOpen(pid) is not { } process)
            return null;
        _evicted.Add(process);
        return Array.Exists(strangers, holder => holder.Pid == pid) || process.HasEnded
            ? null
            : $"pid {pid} does not hold the volume: look again with 'unlockctl holders'";
    }

    private static LockOutcome Refuse(string reason, IReadOnlyList<Holder>? holders = null) =>
        new(null, $"not locked, nothing was stopped: {reason}", holders ?? [], Refused: true);
}
