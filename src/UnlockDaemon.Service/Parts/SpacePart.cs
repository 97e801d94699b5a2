using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Parts;

/// <summary>
/// No event tells that the disk below a sparse container fills: while it is unlocked, it is looked at now and then. The
/// locked daemon sleeps.
/// </summary>
internal sealed class SpacePart(Volume volume) : DaemonPart
{
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await volume.WaitUntilAsync(static volume => volume.State != VolumeState.Locked, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            volume.LookForSpace();
            using CancellationTokenSource period = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            period.CancelAfter(s_period);
            await volume.WaitUntilAsync(static volume => volume.State == VolumeState.Locked, period.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (volume.State == VolumeState.Locked)
                volume.LookForSpace();
        }
    }
}
