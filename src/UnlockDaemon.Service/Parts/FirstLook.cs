using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service.Parts;

/// <summary>Reads from the kernel how things are, before anybody is listened to or prompted.</summary>
internal sealed class FirstLook(Volume volume, Background background) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await volume.ObserveAsync(cancellationToken);
        background.Run("bringing swap space up", _ => volume.BringUpSwapAsync());
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => background.EndAsync();
}

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
