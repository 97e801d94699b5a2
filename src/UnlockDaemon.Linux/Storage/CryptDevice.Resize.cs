using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <content>A mapping that takes up the new size of the device below, while it is in use.</content>
public static unsafe partial class CryptDevice
{
    /// <summary>How a mapping stands to the size that the device below has or will have.</summary>
    /// <param name="name">Name of the mapping.</param>
    /// <param name="header">The file with its detached LUKS header; null when there is none.</param>
    /// <param name="size">That size in bytes.</param>
    /// <returns>Whether the mapping has to grow, and whether that takes the key.</returns>
    /// <remarks>
    /// A LUKS2 mapping has its key from the kernel's keyring, and a changed table names it there again; all others show
    /// the key in their table.
    /// </remarks>
    /// <exception cref="LinuxException">There is no such mapping.</exception>
    public static (bool MustGrow, bool TakesKey) CompareSize(string name, string? header, long size)
    {
        using CryptContext context = OpenByName(name, header);
        LibCryptSetup.crypt_active_device active = Look(context, name);
        bool mustGrow = (long)(active.offset + active.size) * BlockDevice.SectorSize < size;
        return (mustGrow, mustGrow && (active.flags & LibCryptSetup.CRYPT_ACTIVATE_KEYRING_KEY) != 0);
    }

    /// <summary>Has a mapping take up all of the device below.</summary>
    /// <param name="name">Name of the mapping.</param>
    /// <param name="header">The file with its detached LUKS header; null when there is none.</param>
    /// <param name="passphrase">
    /// The passphrase, cleared as soon as it has opened a key slot; null if none is needed.
    /// </param>
    /// <param name="kept">The key, instead of the passphrase.</param>
    /// <param name="growDevice">Grows the device below; called once it is sure that the key is right.</param>
    /// <returns>False when the passphrase is wrong, and nothing was done.</returns>
    /// <exception cref="LinuxException">The table could not be changed.</exception>
    public static bool TryGrow(
        string name, string? header, Passphrase? passphrase, VolumeKey? kept, Action growDevice)
    {
        ArgumentNullException.ThrowIfNull(growDevice);
        bool opened = false;
        OnThreadOfItsOwn(() =>
        {
            using CryptContext context = OpenByName(name, header);
            opened = LoadKey(context, name, passphrase, kept);
            if (!opened)
                return;
            growDevice();
            CryptContexts.Check(LibCryptSetup.crypt_resize(context, name, 0), "grow mapping", name);
        });
        return opened;
    }

    /// <summary>Puts the key into the keyring of this thread, where the kernel looks for it.</summary>
    private static bool LoadKey(CryptContext context, string name, Passphrase? passphrase, VolumeKey? kept)
    {
        if (kept is null && passphrase is { Length: 0 })
            return false;
        int result = 0;
        // SAFETY: both are in locked memory and as long as they say; the one that is missing is not used.
        fixed (byte* key = kept is null ? default : kept.Bytes, bytes = passphrase is null ? default : passphrase.Bytes)
        {
            if (kept is not null)
            {
                result = LibCryptSetup.crypt_activate_by_volume_key(
                    context, null, key, (nuint)kept.Length, LibCryptSetup.CRYPT_ACTIVATE_KEYRING_KEY);
            }
            else if (passphrase is not null)
            {
                result = LibCryptSetup.crypt_activate_by_passphrase(context, null, LibCryptSetup.CRYPT_ANY_SLOT,
                    bytes, (nuint)passphrase.Length, LibCryptSetup.CRYPT_ACTIVATE_KEYRING_KEY);
            }
        }

        if (result == -LibC.EPERM)
            return false;
        CryptContexts.Check(result, "open the container of mapping", name);
        passphrase?.Clear();
        return true;
    }

    private static LibCryptSetup.crypt_active_device Look(CryptContext context, string name)
    {
        CryptContexts.Check(
            LibCryptSetup.crypt_get_active_device(context, name, out LibCryptSetup.crypt_active_device active),
            "look at mapping", name);
        return active;
    }

    private static CryptContext OpenByName(string name, string? header)
    {
        CryptContexts.CaptureErrors();
        int result = LibCryptSetup.crypt_init_by_name_and_header(out nint context, name, header);
        CryptContexts.Check(result, "open mapping", name);
        return new CryptContext(context);
    }
}
