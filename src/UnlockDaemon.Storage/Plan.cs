using UnlockDaemon.Linux;

namespace UnlockDaemon.Storage;

/// <summary>
/// The way from what was seen to what is wanted, as a list of steps. Nothing is done here: who acts does the first step,
/// looks again, and asks anew.
/// </summary>
internal static class Plan
{
    /// <summary>The way to a mounted volume; empty when it is mounted.</summary>
    /// <param name="seen">What is there.</param>
    /// <param name="secret">The passphrase; null for the kept key, or where the mapping is there already.</param>
    internal static IReadOnlyList<Step> ToMount(Snapshot seen, Passphrase? secret)
    {
        List<Step> steps = [];
        if (seen.IsMounted)
            return steps;
        if (!seen.IsMapped)
        {
            // What is attached to a file that was moved away is no way to the container.
            if (seen.Strays.Any(static stray => stray.BackingFile is not null))
                steps.Add(new Step.Detach());
            if (!seen.IsDevice && !seen.Loops.Any(static loop => loop.IsWhole))
                steps.Add(new Step.Attach());
            steps.Add(new Step.Map(secret));
        }

        if (seen.Superblock?.Found is { } superblock && Diagnosis.ReasonToCheck(superblock) is { } reason)
            steps.Add(new Step.Check(reason));
        steps.Add(new Step.Mount());
        return steps;
    }

    /// <summary>The way to nothing being left of it, top to bottom.</summary>
    internal static IReadOnlyList<Step> ToTakeDown(Snapshot seen)
    {
        List<Step> steps = [];
        if (seen.IsMounted)
            steps.Add(new Step.Unmount());
        if (seen.IsMapped || (seen.Integrity is not null && seen.Mapping is null))
            steps.Add(new Step.Unmap());
        // What shows a part of the container, or takes no writes, somebody else has made.
        if (seen.Loops.Any(static loop => loop.IsWhole) || seen.Strays.Count > 0)
            steps.Add(new Step.Detach());
        return steps;
    }

    /// <summary>What of a lock can take long or fail, and can be done while the services still run.</summary>
    internal static IReadOnlyList<Step> BeforeStop(Snapshot seen) => seen switch
    {
        { IsMounted: false } or { Mapping.IsOnNothing: true } => [],
        // A container that was deleted meanwhile has no path to flush it by: it is on its loop device alone.
        { Container.Kind: ContainerKind.Missing } => [new Step.Sync()],
        _ => [new Step.Sync(), new Step.Flush()],
    };

    /// <summary>What of a lock comes once the services are down.</summary>
    /// <param name="seen">What is there.</param>
    /// <param name="evicted">Processes that may be ended.</param>
    internal static IReadOnlyList<Step> AfterStop(Snapshot seen, IReadOnlyList<ProcessHandle> evicted)
    {
        List<Step> steps = [];
        if (seen.Swap?.Mapping is not null)
            steps.Add(new Step.SwapOff());
        if (evicted.Count > 0)
            steps.Add(new Step.Evict(evicted));
        // After a panic there is no disk behind it to write to.
        if (seen is { IsMounted: true, Mapping.IsOnNothing: false })
            steps.Add(new Step.Sync());
        steps.AddRange(ToTakeDown(seen));
        return steps;
    }

    /// <summary>The way of a panic: the key first, whatever uses it; the rest after the services are killed.</summary>
    internal static IReadOnlyList<Step> AfterKill(Snapshot seen)
    {
        List<Step> steps = [new Step.WipeKeys(), .. ToTakeDown(seen)];
        // Afterwards: with the services killed there is memory for what they had in swap.
        if (seen.Swap?.Mapping is not null)
            steps.Add(new Step.SwapOff());
        return steps;
    }

    /// <summary>The way to a larger volume: from below.</summary>
    /// <param name="size">The size that the container is to have, in bytes.</param>
    /// <param name="secret">The passphrase; null to try without.</param>
    internal static IReadOnlyList<Step> ToGrow(long size, Passphrase? secret) =>
        [new Step.GrowMapping(size, secret), new Step.GrowFilesystem()];

    /// <summary>The state that the volume is in while nobody works on it.</summary>
    /// <param name="seen">What is there.</param>
    /// <param name="isSettling">Whether services are on their way up for the first time.</param>
    /// <param name="areAllReady">Whether all services are ready.</param>
    /// <param name="isSound">Whether nothing became of the container meanwhile.</param>
    internal static VolumeState AtRest(Snapshot seen, bool isSettling, bool areAllReady, bool isSound) =>
        seen.IsMounted
            ? seen.Mapping!.IsOnNothing ? VolumeState.Failed
                : isSettling ? VolumeState.Starting
                : areAllReady && isSound ? VolumeState.Ready
                : VolumeState.Degraded
            : seen.IsMapped ? VolumeState.Failed
            : VolumeState.Locked;
}

/// <summary>What the volume and its services are doing. Why is never part of the state.</summary>
public enum VolumeState
{
    /// <summary>Nothing of it is in the kernel.</summary>
    Locked,

    /// <summary>A passphrase is being tried, or the layers are coming up.</summary>
    Unlocking,

    /// <summary>Mounted; services are being started.</summary>
    Starting,

    /// <summary>Mounted, all services ready.</summary>
    Ready,

    /// <summary>Mounted, but a service is not ready.</summary>
    Degraded,

    /// <summary>Services are being stopped.</summary>
    Stopping,

    /// <summary>The layers are coming down.</summary>
    Locking,

    /// <summary>Half up: some layers are there, and a person is needed.</summary>
    Failed,
}
