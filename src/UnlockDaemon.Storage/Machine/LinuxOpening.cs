using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Maps a container, once it is sure that the secret is right.</summary>
/// <param name="volume">How it is encrypted.</param>
/// <param name="name">Name of the mapping.</param>
internal sealed class LinuxOpening(VolumeConfiguration volume, string name)
{
    /// <summary>Says that a passphrase cannot be converted.</summary>
    internal static string NoPlaceIn(PassphraseEncoding encoding) =>
        $"a character of it does not exist in {encoding.Name} (volume.passphrase_encoding)";

    /// <summary>Maps a device, or a file through a loop device that goes away with the mapping.</summary>
    /// <param name="device">The device or file.</param>
    /// <param name="passphrase">The passphrase, as typed.</param>
    /// <param name="keep">Where the key is to be kept as well; null for nowhere.</param>
    /// <exception cref="LinuxException">There is no container, or it could not be mapped.</exception>
    internal StepResult Open(string device, Passphrase passphrase, KeptKey? keep)
    {
        if (volume.Encoding is not { } encoding)
            return Try(device, passphrase, keep);
        using Passphrase? converted = encoding.TryConvert(passphrase);
        return converted is null
            ? StepResult.Wrong("wrong passphrase: " + NoPlaceIn(encoding))
            : Try(device, converted, keep);
    }

    /// <summary>Maps a device by the key that the kernel keeps.</summary>
    /// <param name="device">The device.</param>
    /// <param name="kept">The key.</param>
    /// <exception cref="LinuxException">There is no container, or it could not be mapped.</exception>
    internal StepResult OpenBy(KeptKey kept, string device)
    {
        using VolumeKey? key = kept.TryRead();
        if (key is null)
            return StepResult.Wrong();
        if (volume.Cipher is { } cipher)
            return TryPlain(device, cipher, key) ? StepResult.Done : StepResult.Wrong();
        CryptDevice.ActivateLuks(device, name, key, volume.Header);
        return StepResult.Done;
    }

    private StepResult Try(string device, Passphrase passphrase, KeptKey? keep) =>
        volume.Cipher is { } cipher
            ? TryPlain(device, cipher, passphrase, keep)
            : TryLuks(device, passphrase, keep);

    /// <summary>A slip in a recovery key is told at once: to try it on every slot would take seconds.</summary>
    private StepResult TryLuks(string device, Passphrase passphrase, KeptKey? keep)
    {
        RecoveryKeyReading reading = RecoveryKey.Read(passphrase);
        UsedSlot? slot = reading.IsSlip
            ? null
            : CryptDevice.TryActivateLuks(device, name, passphrase, keep, volume.Header);
        return slot is not null ? StepResult.Done with { Slot = slot }
            : reading.Complaint is { } complaint ? StepResult.Wrong(complaint)
            : StepResult.Wrong();
    }

    private StepResult TryPlain(string device, PlainCipher cipher, Passphrase passphrase, KeptKey? keep)
    {
        using VolumeKey? key = TryMakeKey(cipher, passphrase);
        if (key is null || !TryPlain(device, cipher, key))
            return StepResult.Wrong();
        keep?.Store(key);
        return StepResult.Done;
    }

    /// <summary>
    /// Without a header any key maps something: look for a file system before mapping anything. On the very device that
    /// will be mapped: another file may be at the container's path by now.
    /// </summary>
    private bool TryPlain(string device, PlainCipher cipher, VolumeKey key)
    {
        if (SectorCipher.FindFilesystem(new ContainerFile(device), cipher, key) is null)
            return false;
        CryptDevice.ActivatePlain(device, name, cipher, key);
        return true;
    }

    private VolumeKey? TryMakeKey(PlainCipher cipher, Passphrase passphrase)
    {
        if (volume.KeyFile is not { } path)
            return VolumeKey.Derive(passphrase, cipher);
        using KeyLines? lines = new GpgKeyFile(path).TryDecrypt(passphrase);
        return lines is null ? null : VolumeKey.Derive(lines, cipher);
    }
}
