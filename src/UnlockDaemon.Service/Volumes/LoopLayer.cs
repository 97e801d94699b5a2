using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The loop device on the container file; a container that is a block device needs none.</summary>
internal sealed class LoopLayer(ContainerFile container) : Layer
{
    internal override string Name => "loop";

    /// <summary>The attached device, or null.</summary>
    internal LoopDevice? Device =>
        File.Exists(container.Path) ? LoopDevice.FindByBackingFile(FileIdentity.Of(container.Path)) : null;

    /// <summary>The device that the mapping lies on: the loop device, or the container itself; null while there is none.</summary>
    internal string? LowerPath => container.IsBlockDevice ? container.Path : Device?.Path;

    /// <summary>Its number.</summary>
    internal DeviceNumber? LowerNumber => container.DeviceNumber ?? Device?.Number;

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
