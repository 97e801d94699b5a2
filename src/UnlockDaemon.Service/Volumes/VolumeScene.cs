using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>What every operation on the volume works with. Lives on the volume's strand.</summary>
/// <param name="Volume">What the volume is.</param>
/// <param name="Executor">Acts.</param>
/// <param name="Condition">The state.</param>
/// <param name="Memory">What is kept for the daemons after this one.</param>
/// <param name="Events">Told what happens.</param>
/// <param name="Time">The clock.</param>
internal sealed record VolumeScene(VolumeConfiguration Volume, Executor Executor, VolumeCondition Condition,
    VolumeMemory Memory, EventHub Events, TimeProvider Time)
{
    /// <summary>The machine as it was found last.</summary>
    internal Snapshot Now => Executor.Now;

    /// <summary>
    /// Reads what the superblock says, whoever unmounted it, while the mapping is still there to read it by: once the key
    /// is wiped, nobody can look any more.
    /// </summary>
    /// <param name="cancellation">Ends the look.</param>
    internal async Task NoteUnmountedAsync(CancellationToken cancellation)
    {
        if (Now.IsMounted || !Now.IsMapped)
            return;
        try
        {
            await Executor.LookAsync(Aspects.Superblock | Aspects.Health, cancellation);
        }
        catch (Exception failure) when (failure is Linux.LinuxException or OperationCanceledException)
        {
            Memory.NoteUnmounted(null);
            return;
        }

        if (Diagnosis.OfHealth(Volume, Now, Memory.Uuid) is { Kind: FaultKind.Damage } damage)
            Memory.NoteUnclean(damage.ToString());
        else
            Memory.NoteUnmounted(Now.Superblock?.Found);
    }
}
