using System.Globalization;
using System.Net.Sockets;
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

/// <summary>What sd_notify(3) knows and Hosting.Systemd has no name for.</summary>
internal static class Notices
{
    /// <summary>Tells systemd something, if it listens: nothing that this process does depends on being heard.</summary>
    internal static void Tell(this ISystemdNotifier notifier, string state)
    {
        try
        {
            notifier.Notify(new ServiceState(state));
        }
        catch (SocketException)
        {
            // systemd is executed anew at this moment.
        }
    }

    /// <summary>Asks for time: the stop will go on this much longer from now, unless asked again.</summary>
    internal static void ExtendTimeout(this ISystemdNotifier notifier, TimeSpan duration) => notifier.Tell(string.Create(
        CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={(long)duration.TotalMicroseconds}"));
}
