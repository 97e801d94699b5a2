using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// The layers of the volume, bottom to top: loop, mapping, filesystem. A container that is a block device itself has no
/// loop device.
/// </summary>
internal sealed class StorageStack
{
    private readonly VolumeConfiguration _configuration;
    private readonly Layer[] _onFile;
    private readonly Layer[] _onDevice;

    // Of the header when the volume was first seen unlocked.
    private string? _uuid;

    /// <param name="configuration">The volume.</param>
    /// <param name="keepKey">Whether the key may outlive the mapping; see <see cref="KeptKey"/>.</param>
    /// <param name="swap">The encrypted swap space beside the volume; null for none.</param>
    internal StorageStack(VolumeConfiguration configuration, bool keepKey, SwapConfiguration? swap = null)
    {
        Swap = new SwapSpace(swap);
        _configuration = configuration;
        Container = new ContainerFile(configuration.Container);
        Loop = new LoopLayer(Container);
        Mapping = new MappingLayer(configuration, Loop, keepKey);
        Filesystem = new FilesystemLayer(configuration, Mapping);
        _onFile = [Loop, Mapping, Filesystem];
        _onDevice = [Mapping, Filesystem];
    }

    internal ContainerFile Container { get; }

    internal SwapSpace Swap { get; }

    internal LoopLayer Loop { get; }

    internal MappingLayer Mapping { get; }

    internal FilesystemLayer Filesystem { get; }

    private Layer[] Layers => Container.IsBlockDevice ? _onDevice : _onFile;

    internal bool IsMounted => Filesystem.Mount is not null;

    internal bool IsMapped => Mapping.Mapping is not null;

    internal IReadOnlyList<LayerInfo> Observe() => Array.ConvertAll(Layers, static layer => layer.Observe());

    /// <summary>Says why the volume cannot be unlocked, whatever the passphrase.</summary>
    internal string? FindFault()
    {
        try
        {
            return new ConversionFiles(_configuration.Container).FindUnfinished() ?? Loop.FindLost()
                ?? Container.FindFault(luks: _configuration is { Format: ContainerFormat.Luks, Header: null })
                ?? FindHeaderFault() ?? FindKeyFileFault() ?? Filesystem.FindFault();
        }
        catch (LinuxException failure)
        {
            return Advice.For(failure);
        }
    }

    /// <summary>
    /// Says what became of the container while it was unlocked; null when it is as it was, or locked.
    /// </summary>
    internal string? FindDamage()
    {
        if (!IsMapped)
        {
            _uuid = null;
            return null;
        }

        try
        {
            return Mapping.LoopDevice is { } device && Loop.FindDamage(device) is { } damage
                ? damage
                : FindHeaderDamage() ?? Filesystem.FindDamage();
        }
        catch (LinuxException failure)
        {
            return Advice.For(failure);
        }
    }

    /// <summary>Says that unlockctl converts the container right now, and so has its own devices on it.</summary>
    internal string? FindConversion() =>
        Loop.Device is null ? null : new ConversionFiles(_configuration.Container).FindUnfinished();

    /// <summary>Brings up what is down, bottom to top; takes it down again when that fails.</summary>
    /// <returns>The outcome, and the layer it happened in.</returns>
    /// <param name="passphrase">The passphrase, cleared once the mapping has been tried; null to try without.</param>
    /// <param name="report">Told what is done, by layer.</param>
    /// <param name="isOver">Asked again and again whether a panic has begun: then it is taken down again.</param>
    internal async Task<(LayerOutcome Outcome, string Layer)> BringUpAsync(
        Passphrase? passphrase, Action<string, string> report, Func<bool> isOver)
    {
        // What is attached to a file that was moved away is no way to the container.
        if (!IsMapped && Array.Exists(Loop.Strays, static stray => stray.BackingFile is not null)
            && Loop.TakeDown() is { } inUse)
            return (new(LayerOutcomeKind.Failed, inUse), Loop.Name);
        foreach (Layer layer in Layers)
        {
            if (layer.Observe().Up)
                continue;
            LayerOutcome outcome = await TryBringUpAsync(layer, passphrase, report);
            if (layer == Mapping)
                passphrase?.Clear();
            // The panic may have looked for keys before there was this one.
            if (isOver())
            {
                Mapping.Kept.Wipe();
                outcome = new(LayerOutcomeKind.Failed, "ended by a panic");
            }

            if (outcome.Kind == LayerOutcomeKind.Up)
                continue;
            // Stored a moment ago, for locks to come: of a volume that is locked it would be left behind.
            if (layer == Filesystem && passphrase is not null && outcome.Kind != LayerOutcomeKind.NeedsPerson)
                Mapping.Kept.Wipe();
            if (outcome.Kind != LayerOutcomeKind.NeedsPerson && TakeDown(report) is { } stuck)
                return (new(LayerOutcomeKind.NeedsPerson, $"{outcome.Reason}; and then {stuck}"), layer.Name);
            return (outcome, layer.Name);
        }

        return (LayerOutcome.Up, "");
    }

    /// <summary>Takes down what is up, top to bottom.</summary>
    /// <returns>Null when all is down, otherwise why a layer is not.</returns>
    internal string? TakeDown(Action<string, string> report)
    {
        Layer[] layers = Layers;
        for (int i = layers.Length - 1; i >= 0; i--)
        {
            Layer layer = layers[i];
            if (!layer.Observe().Up)
                continue;
            try
            {
                if (layer == Mapping)
                    NoteUnmounted();
                if (layer.TakeDown() is { } inUse)
                    return inUse;
                report(layer.Name, "down");
            }
            catch (LinuxException failure)
            {
                return Advice.For(failure);
            }
            catch (IOException failure)
            {
                return failure.Message;
            }
        }

        return null;
    }

    /// <summary>The UUID of the LUKS header, wherever that is; null without one.</summary>
    internal string? FindUuid() => Header.Uuid;

    private ContainerFile Header => _configuration.Header is { } path ? new ContainerFile(path) : Container;

    private string? FindHeaderFault() => _configuration.Header is not { } path ? null
        : !File.Exists(path) ? $"the LUKS header {path} (volume.header) is missing: restore it from its backup"
        : !Header.HasLuksHeader ? $"{path} (volume.header) is no LUKS header: restore it from its backup"
        : null;

    private string? FindKeyFileFault() => _configuration.KeyFile is not { } path ? null
        : !File.Exists(path)
            ? $"the key file {path} (volume.key_file) is missing: restore it; without it nothing opens the volume"
        : !GpgKeyFile.IsProgramInstalled
            ? $"{GpgKeyFile.Program}, which decrypts {path}, is not installed: 'apt install gpg'"
        : null;

    private void NoteUnmounted()
    {
        if (Filesystem.Mount is null && FindDamage() is { } damage)
            Filesystem.Record.NoteDamage(damage);
        else
            Filesystem.NoteUnmounted();
    }

    /// <summary>
    /// A header that changes under an open volume is found out too late otherwise: at the next unlock.
    /// </summary>
    private string? FindHeaderDamage()
    {
        string? uuid = FindUuid();
        _uuid ??= uuid;
        return uuid == _uuid
            ? null
            : $"the LUKS header in {Header.Path} was overwritten while it was unlocked: it will not open again. Do not "
                + "lock it: restore the header from its backup, or copy the data out of the volume, first";
    }

    private static async Task<LayerOutcome> TryBringUpAsync(
        Layer layer, Passphrase? passphrase, Action<string, string> report)
    {
        try
        {
            LayerOutcome outcome = await layer.BringUpAsync(
                passphrase, text => report(layer.Name, text), CancellationToken.None);
            if (outcome.Kind == LayerOutcomeKind.Up)
                report(layer.Name, layer.Observe().Detail);
            return outcome;
        }
        catch (LinuxException failure)
        {
            return new(LayerOutcomeKind.Failed, Advice.For(failure));
        }
    }
}
