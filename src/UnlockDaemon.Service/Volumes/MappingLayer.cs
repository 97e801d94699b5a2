using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Configuration;
using PlainCipher = UnlockDaemon.Linux.Storage.PlainCipher;

namespace UnlockDaemon.Service.Volumes;

/// <summary>The dm-crypt mapping on the loop device.</summary>
internal sealed class MappingLayer(VolumeConfiguration configuration, LoopLayer loop, bool keepKey) : Layer
{
    private const string UsualPrefix = "unlockd-";
    private const string OtherPrefix = "unlockd@";

    private readonly string _name = NameFor(configuration.MountPoint);

    internal override string Name => "mapping";

    /// <summary>The key that may outlive the mapping for a while, where the configuration wants that.</summary>
    internal KeptKey Kept { get; } = new(NameFor(configuration.MountPoint));

    /// <summary>The mapping on this container, or what a panic has left of it, or null.</summary>
    internal CryptMapping? Mapping =>
        CryptMapping.Find(_name) is { } mapping
        && (mapping.IsOnNothing || (loop.Device is { } device && mapping.IsOn(device)) || FindStray(mapping) is not null)
            ? mapping
            : null;

    /// <summary>The loop device below it, or null.</summary>
    internal LoopDevice? LoopDevice =>
        CryptMapping.Find(_name) is { } mapping && FindStray(mapping) is { } stray ? stray : loop.Device;

    /// <summary>
    /// Name of the mapping for a mount point: "unlockd-secure" for /var/secure, or "unlockd@NAME" in an instance with a
    /// name, so that no two are the same.
    /// </summary>
    internal static string NameFor(string mountPoint) => Instance.Current.IsUsual
        ? UsualPrefix + Path.GetFileName(mountPoint)
        : OtherPrefix + Instance.Current.Name;

    /// <summary>The mappings that are this instance's, whatever is configured now.</summary>
    internal static IReadOnlyList<CryptMapping> FindAll() =>
        [.. CryptMapping.FindAll("unlockd").Where(static mapping => IsOurs(mapping.Name))];

    /// <summary>Whether a mapping of this name is this instance's.</summary>
    internal static bool IsOurs(string name) => Instance.Current.IsUsual
        ? name.StartsWith(UsualPrefix, StringComparison.Ordinal)
        : name == OtherPrefix + Instance.Current.Name;

    internal override LayerInfo Observe() =>
        Mapping is { } mapping ? new(Name, true, mapping.Path) : new(Name, false, "");

    internal override Task<LayerOutcome> BringUpAsync(
        Passphrase? passphrase, Action<string> report, CancellationToken cancellation)
    {
        string device = loop.Device!.Path;
        bool opened = passphrase is null ? TryActivateKept(device)
            : configuration.Format == ContainerFormat.Luks
                ? CryptDevice.TryActivateLuks(device, _name, passphrase, keepKey ? Kept : null)
                : TryActivatePlain(device, passphrase);
        return Task.FromResult(opened ? LayerOutcome.Up : LayerOutcome.WrongPassphrase);
    }

    internal override string? TakeDown()
    {
        if (Mapping is not { } mapping)
            return null;
        if (mapping.StackedDevices is [var above, ..])
            return $"{above} is stacked on {mapping.Path}";
        CryptDevice.Deactivate(_name);
        return CryptMapping.Find(_name) is null ? null : $"{mapping.Path} is still there";
    }

    /// <summary>The device it is on, when the container's path names another file by now.</summary>
    private LoopDevice? FindStray(CryptMapping mapping) => Array.Find(loop.Strays, mapping.IsOn);

    /// <summary>Without a header any key maps something: look for a file system before mapping anything.</summary>
    private bool TryActivatePlain(string device, Passphrase passphrase)
    {
        PlainCipher cipher = Cipher();
        using VolumeKey key = VolumeKey.Derive(passphrase, cipher);
        Span<byte> start = new byte[Superblock.Length];
        new ContainerFile(configuration.Container).ReadStart(start);
        SectorCipher.For(cipher)!.Decrypt(key, start);
        if (Superblock.TryParse(start, DateTimeOffset.UtcNow) is null)
            return false;
        CryptDevice.ActivatePlain(device, _name, cipher, key);
        if (keepKey)
            Kept.Store(key);
        return true;
    }

    private bool TryActivateKept(string device)
    {
        using VolumeKey? key = Kept.TryRead();
        if (key is null)
            return false;
        if (configuration.Format == ContainerFormat.Luks)
            CryptDevice.ActivateLuks(device, _name, key);
        else
            CryptDevice.ActivatePlain(device, _name, Cipher(), key);
        return true;
    }

    private PlainCipher Cipher()
    {
        if (configuration.Cipher is not { } given)
            return PlainCipher.LoopAes256;
        int dash = given.Cipher.IndexOf('-', StringComparison.Ordinal);
        return new PlainCipher(given.Cipher[..dash], given.Cipher[(dash + 1)..], given.KeySizeBits, given.Hash);
    }
}
