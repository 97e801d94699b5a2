using Microsoft.Extensions.Hosting.Systemd;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service.Parts;

/// <summary>Tells systemd in one line how the volume is, for <c>systemctl status</c>.</summary>
internal sealed class StatusPart(Volume volume, ISystemdNotifier notifier) : DaemonPart
{
    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        VolumeState? told = null;
        while (!stopping.IsCancellationRequested)
        {
            VolumeState state = volume.State;
            if (state != told)
                notifier.Notify(new ServiceState($"STATUS={Volume.JsonName(state)}"));
            told = state;
            await volume.WaitUntilAsync(volume => volume.State != told, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
