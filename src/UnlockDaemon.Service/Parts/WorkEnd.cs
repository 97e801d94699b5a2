using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service.Parts;

/// <summary>
/// A lock or an unlock that is under way is not left half done: nobody would go on with it. Stopped first of all parts,
/// so that whoever asked for it still gets the answer.
/// </summary>
internal sealed class WorkEnd(Volume volume, ISystemdNotifier notifier) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        TimeSpan patience = volume.TimeToFinish + Volume.AfterDeadline;
        notifier.ExtendTimeout(patience + Volume.AfterDeadline);
        return volume.FinishAsync(patience);
    }
}
