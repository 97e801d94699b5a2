using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The dm-crypt mapping on the loop device, or on the container itself where that is a device.</summary>
internal sealed class MappingLayer(
    VolumeConfiguration configuration, LoopLayer loop, bool keepKey, string? name = null) : Layer
{
    private const string UsualPrefix = "unlockd-";
    private const string OtherPrefix = "unlockd@";

    /// <summary>Begins the names of mappings on containers that are being made; a process's number follows.</summary>
    internal const string CreationPrefix = "unlockd-create-";

    /// <summary>
    /// libcryptsetup's name for dm-integrity's device, below a mapping with authenticated encryption.
    /// </summary>
    internal const string IntegritySuffix = "_dif";

    /// <summary>What the names of the two mappings of a conversion go on with.</summary>
    internal const string ConversionSuffix = "-convert-";

    private readonly string _name = name ?? NameFor(configuration.MountPoint);

    internal override string Name => "mapping";

    /// <summary>The key that may outlive the mapping for a while, where the configuration wants that.</summary>
    internal KeptKey Kept { get; } = new(NameFor(configuration.MountPoint));

    /// <summary>The LUKS key slot that opened the container last, for the log; null without slots.</summary>
    internal UsedSlot? OpenedSlot { get; private set; }

    /// <summary>The mapping on this container, or what a panic has left of it, or null.</summary>
    internal CryptMapping? Mapping =>
        CryptMapping.Find(_name) is { } mapping
        && (mapping.IsOnNothing || (loop.LowerNumber is { } device && mapping.IsOn(device))
            || FindStray(mapping) is not null)
            ? mapping
            : null;

    /// <summary>The loop device below it, or null.</summary>
    internal LoopDevice? LoopDevice =>
        CryptMapping.Find(_name) is { } mapping && FindStray(mapping) is { } stray ? stray : loop.Device;

    /// <summary>Number of the device below it, or null.</summary>
    internal DeviceNumber? LowerDevice => LoopDevice?.Number ?? loop.LowerNumber;

    /// <summary>
    /// Name of the mapping for a mount point: "unlockd-secure" for /var/secure, or "unlockd@NAME" in an instance with a
    /// name, so that no two are the same.
    /// </summary>
    internal static string NameFor(string mountPoint) => Instance.Current.IsUsual
        ? UsualPrefix + Path.GetFileName(mountPoint)
        : OtherPrefix + Instance.Current.Name;

    /// <summary>Says that a passphrase cannot be converted.</summary>
    internal static string NoPlaceIn(PassphraseEncoding encoding) =>
        $"a character of it does not exist in {encoding.Name} (volume.passphrase_encoding)";

    /// <summary>The mappings whose names are meant, whatever is configured now.</summary>
    internal static IReadOnlyList<CryptMapping> FindAll(Predicate<string> isMeant) =>
        [.. CryptMapping.FindAll("unlockd").Where(mapping => isMeant(mapping.Name))];

    /// <summary>Whether a mapping of this name is that of any instance.</summary>
    internal static bool IsAnyInstances(string name) => name.StartsWith(UsualPrefix, StringComparison.Ordinal)
        || name.StartsWith(OtherPrefix, StringComparison.Ordinal);

    /// <summary>
    /// What was unlocked under a configuration that is gone, or that names another volume now: no lock takes it down.
    /// What unlockctl maps for a moment, to make a container or to try a header's backup, is none of it.
    /// </summary>
    internal IEnumerable<CryptMapping> FindForgotten()
    {
        IReadOnlyList<Instance> configured = Instance.Configured();
        return FindAll(name => IsAnyInstances(name) && name != _name && name != _name + IntegritySuffix
            && !name.StartsWith(CreationPrefix, StringComparison.Ordinal)
            && !name.StartsWith(LuksHeaderFile.MappingPrefix, StringComparison.Ordinal)
            && (IsOurs(name) || !configured.Any(instance => Belongs(name, instance))));
    }

    /// <summary>Whether a mapping of this name is this instance's.</summary>
    internal static bool IsOurs(string name) => Belongs(name, Instance.Current);

    internal override LayerInfo Observe() =>
        Mapping is { } mapping ? new(Name, true, mapping.Path) : new(Name, false, "");

    internal override Task<LayerOutcome> BringUpAsync(
        Passphrase? passphrase, Action<string> report, CancellationToken cancellation) =>
        Task.FromResult(BringUp(loop.LowerPath!, passphrase));

    /// <summary>Maps a device, or a file through a loop device that goes away with the mapping.</summary>
    internal LayerOutcome BringUp(string device, Passphrase? passphrase)
    {
        OpenedSlot = null;
        if (passphrase is null || configuration.Encoding is not { } encoding)
            return Activate(device, passphrase);
        using Passphrase? converted = encoding.TryConvert(passphrase);
        return converted is not null
            ? Activate(device, converted)
            : LayerOutcome.WrongPassphrase with
            {
                Reason = "wrong passphrase: " + NoPlaceIn(encoding),
            };
    }

    internal override string? TakeDown()
    {
        if (Mapping is not { } mapping)
            return null;
        if (mapping.StackedDevices is [var above, ..])
            return $"{above} is stacked on {mapping.Path}";
        try
        {
            CryptDevice.Deactivate(_name);
        }
        catch (LinuxException) when (CryptMapping.Find(_name) is null)
        {
            // Somebody had it removed at the last close, which was the unmount or the look at its superblock.
        }

        // After a panic nothing leads from the mapping to dm-integrity's device below it any more.
        if (CryptMapping.Find(_name + IntegritySuffix) is { } integrity)
            CryptDevice.Deactivate(integrity.Name);
        return Leftovers() is [var left, ..] ? $"{left.Path} is still there" : null;
    }

    /// <summary>What the device mapper has of it: the mapping itself, and dm-integrity's device.</summary>
    internal IReadOnlyList<CryptMapping> Leftovers() =>
        [.. new[] { CryptMapping.Find(_name), CryptMapping.Find(_name + IntegritySuffix) }.OfType<CryptMapping>()];

    private static bool Belongs(string name, Instance instance) => instance.IsUsual
        ? name.StartsWith(UsualPrefix, StringComparison.Ordinal)
        : name == OtherPrefix + instance.Name || name == OtherPrefix + instance.Name + IntegritySuffix
            || name.StartsWith(OtherPrefix + instance.Name + ConversionSuffix, StringComparison.Ordinal);

    private LayerOutcome Activate(string device, Passphrase? passphrase)
    {
        if (passphrase is not null && configuration.Cipher is null)
            return ActivateLuks(device, passphrase);
        bool opened = passphrase is null ? TryActivateKept(device) : TryActivatePlain(device, passphrase);
        return opened ? LayerOutcome.Up : LayerOutcome.WrongPassphrase;
    }

    /// <summary>A slip in a recovery key is told at once: to try it on every slot would take seconds.</summary>
    private LayerOutcome ActivateLuks(string device, Passphrase passphrase)
    {
        RecoveryKeyReading reading = RecoveryKey.Read(passphrase);
        if (!reading.IsSlip)
            OpenedSlot = CryptDevice.TryActivateLuks(device, _name, passphrase, keepKey ? Kept : null,
                configuration.Header);
        return OpenedSlot is not null ? LayerOutcome.Up
            : reading.Complaint is { } complaint ? new(LayerOutcomeKind.WrongPassphrase, complaint)
            : LayerOutcome.WrongPassphrase;
    }

    /// <summary>The device it is on, when the container's path names another file by now.</summary>
    private LoopDevice? FindStray(CryptMapping mapping) =>
        Array.Find(loop.Strays, stray => stray.Number is { } number && mapping.IsOn(number));

    /// <summary>Without a header any key maps something: look for a file system before mapping anything.</summary>
    private bool TryActivatePlain(string device, PlainCipher cipher, VolumeKey key)
    {
        if (SectorCipher.FindFilesystem(new ContainerFile(configuration.Container), cipher, key) is null)
            return false;
        CryptDevice.ActivatePlain(device, _name, cipher, key);
        return true;
    }

    private bool TryActivatePlain(string device, Passphrase passphrase)
    {
        PlainCipher cipher = configuration.Cipher!;
        using VolumeKey? key = TryMakeKey(cipher, passphrase);
        if (key is null || !TryActivatePlain(device, cipher, key))
            return false;
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
            return TryActivatePlain(device, cipher, key);
        CryptDevice.ActivateLuks(device, _name, key, configuration.Header);
        return true;
    }
}
