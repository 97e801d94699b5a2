using Microsoft.Extensions.Hosting;
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
