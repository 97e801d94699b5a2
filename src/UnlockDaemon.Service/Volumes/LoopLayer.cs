using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The loop device on the container file; a container that is a block device needs none.</summary>
internal sealed class LoopLayer(ContainerFile container) : Layer
{
    private LoopDevice? _last;

    internal override string Name => "loop";

    /// <summary>The device attached to the container, or null.</summary>
    internal LoopDevice? Device
    {
        get
        {
            if (FileIdentity.TryOf(container.Path) is not { } identity)
                return null;
            // Asked for again and again, and mostly it is still the one that it was.
            if (_last?.IsAttachedTo(identity) != true)
                _last = LoopDevice.FindByBackingFile(identity);
            return _last;
        }
    }

    /// <summary>
    /// The device that the mapping lies on: the loop device, or the container itself; null while there is none.
    /// </summary>
    internal string? LowerPath => container.IsBlockDevice ? container.Path : Device?.Path;

    /// <summary>Its number.</summary>
    internal DeviceNumber? LowerNumber => container.DeviceNumber ?? Device?.Number;

    /// <summary>The devices attached to a file that was at the container's path and is not there any more.</summary>
    internal LoopDevice[] Strays
    {
        get
        {
            FileIdentity? now = FileIdentity.TryOf(container.Path);
            return Array.FindAll(LoopDevice.FindAll(), device => device.WasAttachedBy(container.Path)
                && !(now is { } identity && device.IsAttachedTo(identity)));
        }
    }

    internal override LayerInfo Observe() =>
        Device is { } device ? new(Name, true, device.Path)
        : Strays is [var stray, ..]
            ? new(Name, true, $"{stray.Path} on {stray.BackingFile ?? "a file that was deleted"}")
        : new(Name, false, "");

    /// <summary>Says what became of the container while this device was attached to it.</summary>
    /// <param name="device">The device below the mapping.</param>
    /// <returns>What happened and what to do, or null when all is well.</returns>
    internal string? FindDamage(LoopDevice device)
    {
        if (Array.IndexOf(Strays, device) >= 0)
            return DescribeLoss(device);
        return device.Size > container.Size
            ? $"container {container.Path} was truncated while it was unlocked, to {container.Size} of {device.Size} "
                + "bytes: what lay behind that is lost; copy what can still be read out of the volume, then "
                + "restore the container"
            : null;
    }

    internal override Task<LayerOutcome> BringUpAsync(
        Passphrase? passphrase, Action<string> report, CancellationToken cancellation)
    {
        LoopDevice.Attach(container.Path);
        return Task.FromResult(LayerOutcome.Up);
    }

    /// <remarks>A device on a file without a name is the last that holds its content, so it stays.</remarks>
    internal override string? TakeDown()
    {
        // Somebody may have attached the container a second time.
        while (Device is { } device)
            device.Detach();
        foreach (LoopDevice stray in Strays)
        {
            if (stray.BackingFile is null)
                return FindLost();
            stray.Detach();
        }

        return null;
    }

    /// <summary>Says how to save a container that was deleted and is still attached, unless there is none.</summary>
    internal string? FindLost() =>
        Array.Find(Strays, static stray => stray.BackingFile is null) is { } lost
            ? $"a container was deleted while it was unlocked, and {lost.Path} is all that is left of it: save it with "
                + $"'cp --sparse=always {lost.Path} {container.Path}{(File.Exists(container.Path) ? ".saved" : "")}' "
                + $"before 'losetup -d {lost.Path}', or the next boot, deletes it for good"
            : null;

    private string DescribeLoss(LoopDevice device)
    {
        if (device.BackingFile is { } elsewhere)
        {
            string back = $"'mv -n {elsewhere} {container.Path}'";
            return $"container {container.Path} was moved to {elsewhere} while it was unlocked"
                + (File.Exists(container.Path)
                    ? $", and another file is in its place: move it back ('mv -n {container.Path} "
                        + $"{container.Path}.other', then {back})"
                    : $": move it back ({back})");
        }

        return $"container {container.Path} was {(File.Exists(container.Path) ? "replaced" : "deleted")} while it was "
            + $"unlocked: what is written now is on {device.Path} alone; run 'unlockctl lock', which keeps that, and "
            + "says how to save it";
    }
}
