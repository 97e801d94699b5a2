using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The loop device on the container.</summary>
internal sealed class LoopLayer(ContainerFile container) : Layer
{
    internal override string Name => "loop";

    /// <summary>The attached device, or null.</summary>
    internal LoopDevice? Device =>
        File.Exists(container.Path) ? LoopDevice.FindByBackingFile(FileIdentity.Of(container.Path)) : null;

    internal override LayerInfo Observe() =>
        Device is { } device ? new(Name, true, device.Path) : new(Name, false, "");

    internal override Task<LayerOutcome> BringUpAsync(
        Passphrase? passphrase, Action<string> report, CancellationToken cancellation)
    {
        LoopDevice.Attach(container.Path);
        return Task.FromResult(LayerOutcome.Up);
    }

    internal override string? TakeDown()
    {
        // Somebody may have attached the container a second time.
        while (Device is { } device)
            device.Detach();
        return null;
    }
}
