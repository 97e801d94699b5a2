using Microsoft.Extensions.Hosting.Systemd;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Parts;

/// <summary>Tells systemd in one word how the volume is, for <c>systemctl status</c>: first before READY=1.</summary>
internal sealed class StatusPart(Volume volume, ISystemdNotifier notifier) : DaemonPart
{
    private VolumeState _told;

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Tell();
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            await volume.WaitUntilAsync(volume => volume.State != _told, stopping);
            Tell();
        }
    }

    private void Tell()
    {
        _told = volume.State;
        notifier.Tell("STATUS=" + Volume.JsonName(_told));
    }
}
