using UnlockDaemon.Linux;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Grows the mounted volume from below: container, loop device, mapping, file system. Each step does what is missing, so
/// that one that was ended anywhere is finished by the next.
/// </summary>
internal sealed class GrowOperation(VolumeScene scene)
{
    /// <summary>Grows it.</summary>
    /// <param name="wanted">The size that the container is to have, in bytes.</param>
    /// <param name="secret">The passphrase, cleared once it has opened the container; null to try without.</param>
    /// <param name="ended">Cancelled by a lock or a panic.</param>
    internal async Task<GrowOutcome> RunAsync(long wanted, Passphrase? secret, CancellationToken ended)
    {
        if (scene.Condition.Damage is { } damage)
            return new(GrowOutcomeKind.Failed, damage);
        if (scene.Now.Health is not { } health)
            return new(GrowOutcomeKind.Failed, "the volume cannot be looked at: does its disk answer?");
        if (GrowRefusal.Of(scene.Volume, scene.Now.Container, wanted, health.Room) is { } refusal)
            return new(GrowOutcomeKind.Failed, refusal.ToString());
        long size = GrowRefusal.SizeFor(wanted, scene.Now.Container);
        foreach (Step step in Plan.ToGrow(size, secret))
        {
            StepResult result = await scene.Executor.DoAsync(step, ended);
            if (!result.IsDone)
                return Describe(result, step.Layer);
        }

        return new(GrowOutcomeKind.Grown);
    }

    private GrowOutcome Describe(StepResult result, string layer) => result.End switch
    {
        StepEnd.PassphraseNeeded => new(GrowOutcomeKind.PassphraseNeeded),
        StepEnd.WrongPassphrase => new(GrowOutcomeKind.WrongPassphrase),
        StepEnd.Ended => new(GrowOutcomeKind.Failed, $"stopped at {Sizes.Text(scene.Now.Container.Size)}, as the volume "
            + "is to be locked: the same 'unlockctl grow' finishes it once it is unlocked again", layer),
        _ => new(GrowOutcomeKind.Failed, result.Reason, layer),
    };
}

/// <summary>What came of growing the volume.</summary>
/// <param name="Kind">The kind of outcome.</param>
/// <param name="Reason">For the operator; empty when it has grown.</param>
/// <param name="Step">The layer that failed; "grow" when it was refused.</param>
public sealed record GrowOutcome(GrowOutcomeKind Kind, string Reason = "", string Step = "grow");

/// <summary>Kinds of <see cref="GrowOutcome"/>.</summary>
public enum GrowOutcomeKind
{
    /// <summary>Container, mapping and file system have the wanted size.</summary>
    Grown,

    /// <summary>The mapping needs the key again, and no passphrase came; nothing was done.</summary>
    PassphraseNeeded,

    /// <summary>The passphrase opens nothing; nothing was done.</summary>
    WrongPassphrase,

    /// <summary>Something else is under way; nothing was done.</summary>
    Busy,

    /// <summary>Refused before anything was done, or ended on the way; the same call finishes what was begun.</summary>
    Failed,
}
