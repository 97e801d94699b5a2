using Tmds.Linux;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>
/// The kernel. A call to it cannot be ended: on a disk that does not answer it is left behind, on a thread of the pool,
/// and what waits for it goes on.
/// </summary>
internal sealed class LinuxMachine : IMachine
{
    private readonly string _mountPoint;
    private readonly LinuxLook _look;
    private readonly LinuxSteps _steps;
    private readonly BootMemoryStore _store;
    private readonly Func<CancellationToken, Task<IReadOnlyList<string>>> _findRunningServices;
    private readonly Func<CancellationToken, Task<IReadOnlySet<int>>> _findServiceProcesses;
    private Task _hanging = Task.CompletedTask;

    /// <param name="volume">The volume.</param>
    /// <param name="swap">The swap space beside it; null for none.</param>
    /// <param name="keepKey">Whether the key may outlive the mapping.</param>
    /// <param name="instance">Whose volume it is.</param>
    /// <param name="findRunningServices">Names what runs of the services, or left processes.</param>
    /// <param name="findServiceProcesses">Finds the services' own processes.</param>
    internal LinuxMachine(VolumeConfiguration volume, SwapConfiguration? swap, bool keepKey, Instance instance,
        Func<CancellationToken, Task<IReadOnlyList<string>>> findRunningServices,
        Func<CancellationToken, Task<IReadOnlySet<int>>> findServiceProcesses)
    {
        _mountPoint = volume.MountPoint;
        _look = new LinuxLook(volume, swap, instance);
        _steps = new LinuxSteps(volume, swap, keepKey, instance, _look);
        _store = BootMemoryStore.Of(instance);
        _findRunningServices = findRunningServices;
        _findServiceProcesses = findServiceProcesses;
    }

    /// <inheritdoc/>
    public Task Hanging => Volatile.Read(ref _hanging);

    /// <inheritdoc/>
    public async Task<Snapshot> ObserveAsync(Aspects aspects, CancellationToken cancellation)
    {
        try
        {
            IReadOnlySet<int>? processes = aspects.HasFlag(Aspects.Holders)
                ? await _findServiceProcesses(cancellation).WaitAsync(cancellation)
                : null;
            IReadOnlyList<string>? services = aspects.HasFlag(Aspects.Leftovers)
                ? await _findRunningServices(cancellation).WaitAsync(cancellation)
                : null;
            return await Task.Run(() => _look.Take(aspects, processes, services), CancellationToken.None)
                .WaitAsync(cancellation);
        }
        catch (Exception failure)
            when (failure is not (LinuxException or SystemdException or OperationCanceledException))
        {
            // Such as a directory that went away under the look.
            throw new LinuxException("look at", _mountPoint, LibC.EPROTO, failure.Message);
        }
    }

    /// <inheritdoc/>
    public async Task<StepResult> DoAsync(Step step, StepReport report, CancellationToken cancellation)
    {
        int request = _steps.Request(step);
        // A key is wiped whatever the time.
        if (cancellation.IsCancellationRequested && step is not (Step.WipeKeys or Step.ForgetKey))
            return End(step);
        LastWord lastWord = new();
        Task<StepResult> work;
        try
        {
            Step own = Own(step);
            work = Task.Run(() => TryAsync(own, request, report, lastWord, cancellation), CancellationToken.None);
        }
        catch (Exception failure)
        {
            return StepResult.Failed(Fault.Of(failure));
        }

        // These end by themselves when they are told to.
        if (step is Step.Check or Step.GrowMapping)
            return await work;
        try
        {
            return await work.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            if (!lastWord.TryTake())
                return await work;
            LeaveBehind(work);
            return End(step);
        }
    }

    /// <inheritdoc/>
    public BootMemory? Recall() => _store.Recall();

    /// <inheritdoc/>
    public void Remember(BootMemory memory) => _store.Remember(memory);

    /// <summary>Whoever gave the passphrase wipes it when the wait is over, and the work may go on.</summary>
    private static Step Own(Step step) => step is Step.Map { Secret: { } secret } ? new Step.Map(secret.Copy()) : step;

    private async Task<StepResult> TryAsync(
        Step step, int request, StepReport report, LastWord lastWord, CancellationToken cancellation)
    {
        StepResult result;
        try
        {
            result = await _steps.DoAsync(step, request, report, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            result = End(step);
        }
        catch (Exception failure)
        {
            result = StepResult.Failed(Fault.Of(failure));
        }
        finally
        {
            (step as Step.Map)?.Secret?.Dispose();
        }

        return lastWord.TryTake() || step is not Step.Map || !result.IsDone ? result : TakeBackMap();
    }

    private StepResult TakeBackMap()
    {
        try
        {
            return _steps.TakeBackMap();
        }
        catch (Exception failure)
        {
            return StepResult.Failed(Fault.Of(failure));
        }
    }

    private static StepResult End(Step step) => new(StepEnd.Ended, new Fault(FaultKind.Late, step switch
    {
        Step.Sync or Step.Flush or Step.Evict or Step.Unmount or Step.Unmap or Step.Detach =>
            "writing back and unmounting did not end before the deadline",
        Step.SwapOff => "what is in swap was not back in memory before the deadline",
        _ => "the time was over",
    }));

    private void LeaveBehind(Task work)
    {
        Task before, now;
        do
        {
            before = Hanging;
            now = before.IsCompleted ? work : Task.WhenAll(before, work);
        }
        while (Interlocked.CompareExchange(ref _hanging, now, before) != before);
    }

    /// <summary>
    /// Who says how a step ended: the work, when it is done, or the wait for it, when it is over. Both at once would be
    /// a mapping that is there and that nobody knows of.
    /// </summary>
    private sealed class LastWord
    {
        private int _isTaken;

        internal bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;
    }
}
