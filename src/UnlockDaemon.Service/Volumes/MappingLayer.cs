using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The dm-crypt mapping on the loop device, or on the container itself where that is a device.</summary>
internal sealed class MappingLayer(VolumeConfiguration configuration, LoopLayer loop, bool keepKey) : Layer
{
    /// <summary>What the names of all mappings of unlockd begin with.</summary>
    internal const string NamePrefix = "unlockd-";

    // libcryptsetup's name for the device below a mapping with authenticated encryption.
    private const string IntegritySuffix = "_dif";

    private readonly string _name = NameFor(configuration.MountPoint);

    internal override string Name => "mapping";

    /// <summary>The key that may outlive the mapping for a while, where the configuration wants that.</summary>
    internal KeptKey Kept { get; } = new(NameFor(configuration.MountPoint));

    /// <summary>The LUKS key slot that opened the container last, for the log; null without slots.</summary>
    internal string? OpenedSlot { get; private set; }

    /// <summary>The mapping on this container, or what a panic has left of it, or null.</summary>
    internal CryptMapping? Mapping =>
        CryptMapping.Find(_name) is { } mapping
        && (mapping.IsOnNothing || (loop.LowerNumber is { } device && mapping.IsOn(device)))
            ? mapping
            : null;

    /// <summary>Number of the device below it, or null.</summary>
    internal DeviceNumber? LowerDevice => loop.LowerNumber;

    /// <summary>Name of the mapping for a mount point: "unlockd-secure" for /var/secure.</summary>
    internal static string NameFor(string mountPoint) => NamePrefix + Path.GetFileName(mountPoint);

    internal override LayerInfo Observe() =>
        Mapping is { } mapping ? new(Name, true, mapping.Path) : new(Name, false, "");

    internal override Task<LayerOutcome> BringUpAsync(
        Passphrase? passphrase, Action<string> report, CancellationToken cancellation)
    {
        OpenedSlot = null;
        string device = loop.LowerPath!;
        if (passphrase is null || configuration.Encoding is not { } encoding)
            return Task.FromResult(BringUp(device, passphrase));
        using Passphrase? converted = encoding.TryConvert(passphrase);
        return Task.FromResult(converted is not null
            ? BringUp(device, converted)
            : LayerOutcome.WrongPassphrase with
            {
                Reason = $"wrong passphrase: a character of it does not exist in {encoding.Name} (volume.passphrase_encoding)",
            });
    }

    internal override string? TakeDown()
    {
        if (Mapping is not { } mapping)
            return null;
        if (mapping.StackedDevices is [var above, ..])
            return $"{above} is stacked on {mapping.Path}";
        CryptDevice.Deactivate(_name);
        // After a panic nothing leads from the mapping to dm-integrity's device below it any more.
        if (CryptMapping.Find(_name + IntegritySuffix) is { } integrity)
            CryptDevice.Deactivate(integrity.Name);
        return Leftovers() is [var left, ..] ? $"{left.Path} is still there" : null;
    }

    /// <summary>What the device mapper has of it: the mapping itself, and dm-integrity's device.</summary>
    internal IReadOnlyList<CryptMapping> Leftovers() =>
        [.. new[] { CryptMapping.Find(_name), CryptMapping.Find(_name + IntegritySuffix) }.OfType<CryptMapping>()];

    private LayerOutcome BringUp(string device, Passphrase? passphrase)
    {
        if (passphrase is not null && configuration.Cipher is null)
            return ActivateLuks(device, passphrase);
        bool opened = passphrase is null ? TryActivateKept(device) : TryActivatePlain(device, configuration.Cipher!, passphrase);
        return opened ? LayerOutcome.Up : LayerOutcome.WrongPassphrase;
    }

    /// <summary>A slip in a recovery key is told at once: to try it on every slot would take seconds.</summary>
    private LayerOutcome ActivateLuks(string device, Passphrase passphrase)
    {
        RecoveryKeyReading reading = RecoveryKey.Read(passphrase);
        if (!reading.IsSlip)
            OpenedSlot = CryptDevice.TryActivateLuks(device, _name, passphrase, keepKey ? Kept : null, configuration.Header);
        return OpenedSlot is not null ? LayerOutcome.Up
            : reading.Complaint is { } complaint ? new(LayerOutcomeKind.WrongPassphrase, complaint)
            : LayerOutcome.WrongPassphrase;
    }

    /// <summary>Without a header any key maps something: look for a file system before mapping anything.</summary>
    private bool TryActivatePlain(string device, PlainCipher cipher, Passphrase passphrase)
    {
        using VolumeKey? key = TryMakeKey(cipher, passphrase);
        if (key is null || SectorCipher.FindFilesystem(new ContainerFile(configuration.Container), cipher, key) is null)
            return false;
        CryptDevice.ActivatePlain(device, _name, cipher, key);
        if (keepKey)
            Kept.Store(key);
        return true;
    }

    private VolumeKey? TryMakeKey(PlainCipher cipher, Passphrase passphrase)
    {
        if (configuration.KeyFile is not { } path)
            return VolumeKey.Derive(passphrase, cipher);
        using KeyLines? lines = new GpgKeyFile(path).TryDecrypt(passphrase);
        return lines is null ? null : VolumeKey.Derive(lines, cipher);
    }

    private bool TryActivateKept(string device)
    {
        using VolumeKey? key = Kept.TryRead();
        if (key is null)
            return false;
        if (configuration.Cipher is { } cipher)
            CryptDevice.ActivatePlain(device, _name, cipher, key);
        else
            CryptDevice.ActivateLuks(device, _name, key, configuration.Header);
        return true;
    }
}
