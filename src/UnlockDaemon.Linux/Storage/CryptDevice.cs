using System.Runtime.ExceptionServices;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Makes and opens encrypted devices, through libcryptsetup.</summary>
public static unsafe partial class CryptDevice
{
    // AES-256 in XTS mode takes two keys of 32 bytes.
    private const int XtsKeyLength = 64;

    /// <summary>Opens a LUKS1 or LUKS2 container.</summary>
    /// <param name="device">The device that holds the container.</param>
    /// <param name="name">Name of the mapping, as below /dev/mapper.</param>
    /// <param name="passphrase">The passphrase to try on every key slot.</param>
    /// <param name="keep">Where the volume key is to be kept as well; null for nowhere.</param>
    /// <param name="header">The file with the header, where that is detached; null where the device has it.</param>
    /// <returns>
    /// The slot that the passphrase opened; null when it opened none and nothing was mapped.
    /// </returns>
    /// <exception cref="LinuxException">There is no LUKS header, or the mapping could not be made.</exception>
    public static UsedSlot? TryActivateLuks(
        string device, string name, Passphrase passphrase, KeptKey? keep = null, string? header = null)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        UsedSlot? opened = null;
        OnThreadOfItsOwn(() => opened = keep is null
            ? ActivateLuks(device, name, passphrase, header)
            : ActivateAndKeepLuks(device, name, passphrase, keep, header));
        return opened;
    }

    /// <summary>Opens a LUKS1 or LUKS2 container by its volume key.</summary>
    /// <param name="device">The device that holds the container.</param>
    /// <param name="name">Name of the mapping.</param>
    /// <param name="key">The key.</param>
    /// <param name="header">The file with the header, where that is detached; null where the device has it.</param>
    /// <exception cref="LinuxException">
    /// There is no LUKS header, it is not its key, or the mapping could not be made.
    /// </exception>
    public static void ActivateLuks(string device, string name, VolumeKey key, string? header = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        OnThreadOfItsOwn(() =>
        {
            using CryptContext context = Load(device, header);
            Activate(context, device, name, key);
        });
    }

    /// <summary>Opens a LUKS container for reading, with a header that is elsewhere.</summary>
    internal static void ActivateReadOnly(string header, string device, string name, VolumeKey key) =>
        OnThreadOfItsOwn(() =>
    {
        using CryptContext context = Load(device, header);
        Activate(context, device, name, key, LibCryptSetup.CRYPT_ACTIVATE_READONLY);
    });

    /// <summary>Opens a container without a header, of one key or of many.</summary>
    /// <param name="device">
    /// The device that holds the container, or a file: that gets a loop device that goes away with the mapping.
    /// </param>
    /// <param name="name">Name of the mapping.</param>
    /// <param name="cipher">Cipher and mode, as dm-crypt writes it.</param>
    /// <param name="key">The key; right or wrong, the mapping is made.</param>
    /// <exception cref="LinuxException">The mapping could not be made.</exception>
    public static void ActivatePlain(string device, string name, PlainCipher cipher, VolumeKey key)
    {
        ArgumentNullException.ThrowIfNull(cipher);
        ArgumentNullException.ThrowIfNull(key);
        RequireDmCrypt();
        if (cipher.For(key).Mode == PlainCipher.MultiKeyMode)
        {
            MultiKeyMapping.Make(device, name, cipher, key);
            return;
        }

        using CryptContext context = CryptContexts.Open(device);
        // SAFETY: the structure is as C has it, on this stack; libcryptsetup copies it.
        LibCryptSetup.crypt_params_plain parameters = new()
        {
            offset = (ulong)cipher.Offset,
            skip = (ulong)cipher.Skip,
            sector_size = (uint)cipher.SectorSize,
        };
        int result = LibCryptSetup.crypt_format(context, LibCryptSetup.CRYPT_PLAIN, cipher.Algorithm, cipher.Mode, null,
            null, (nuint)key.Length, &parameters);
        CryptContexts.Check(result, "set up the cipher for", device);
        Activate(context, device, name, key);
    }

    /// <summary>Takes a mapping down; its key leaves the kernel with it.</summary>
    /// <param name="name">Name of the mapping.</param>
    /// <exception cref="LinuxException">It is in use: EBUSY; or does not exist: ENODEV.</exception>
    public static void Deactivate(string name)
    {
        CryptContexts.CaptureErrors();
        CryptContexts.Check(LibCryptSetup.crypt_deactivate_by_name(0, name, 0), "take down mapping", name);
    }

    /// <summary>Has the kernel take a mapping down once nobody has it open any more.</summary>
    /// <param name="name">Name of the mapping.</param>
    /// <exception cref="LinuxException">It does not exist: ENODEV.</exception>
    public static void DeactivateAtLastClose(string name)
    {
        CryptContexts.CaptureErrors();
        CryptContexts.Check(LibCryptSetup.crypt_deactivate_by_name(0, name, LibCryptSetup.CRYPT_DEACTIVATE_DEFERRED),
            "take down mapping", name);
    }

    /// <summary>Writes a LUKS2 header with a new random volume key and one key slot.</summary>
    /// <param name="device">File or device for the container; what it holds is lost.</param>
    /// <param name="passphrase">Opens the key slot.</param>
    /// <param name="derivation">How the passphrase becomes the slot's key.</param>
    /// <param name="sectorSize">512, or 4096 if the size of the device is a multiple of it.</param>
    /// <param name="owner">Name of the operator whose passphrase it is; null for none.</param>
    /// <exception cref="LinuxException">The header could not be written.</exception>
    public static void FormatLuks2(
        string device, Passphrase passphrase, KeyDerivation derivation, uint sectorSize = 512, string? owner = null)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        ArgumentNullException.ThrowIfNull(derivation);
        using CryptContext context = CryptContexts.Open(device);
        // SAFETY: the structure is as C has it, on this stack, and is of use during the call only.
        LibCryptSetup.crypt_params_luks2 parameters = new() { sector_size = sectorSize };
        int result = LibCryptSetup.crypt_format(
            context, LibCryptSetup.CRYPT_LUKS2, "aes", "xts-plain64", null, null, XtsKeyLength, &parameters);
        CryptContexts.Check(result, "write a LUKS2 header to", device);
        derivation.ApplyTo(context);
        int slot;
        // SAFETY: the passphrase is in locked memory, and as long as it says.
        fixed (byte* bytes = passphrase.Bytes)
        {
            slot = LibCryptSetup.crypt_keyslot_add_by_volume_key(
                context, LibCryptSetup.CRYPT_ANY_SLOT, null, 0, bytes, (nuint)passphrase.Length);
        }

        CryptContexts.Check(slot, "add a key slot to", device);
        if (owner is not null)
            OperatorToken.Name(context, device, slot, owner);
    }

    /// <summary>Loads dm-crypt if the kernel does not have it yet.</summary>
    /// <exception cref="LinuxException">The kernel has no such module.</exception>
    public static void RequireDmCrypt()
    {
        KernelModule.Require("dm_mod", "/sys/module/dm_mod");
        KernelModule.Require("dm_crypt", "/sys/module/dm_crypt");
    }

    /// <remarks>
    /// libcryptsetup hands a LUKS2 key to dm-crypt through the keyring of the calling thread, and leaves it there until
    /// that thread ends (setup.c, cryptsetup 2.6). A thread of the pool would keep it for ever.
    /// </remarks>
    private static void OnThreadOfItsOwn(Action activate)
    {
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                activate();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        // A daemon that is told to end does not wait for a derivation; what is half made then, the next one takes down.
        thread.IsBackground = true;
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    private static CryptContext Load(string device, string? header)
    {
        CryptContext context = CryptContexts.ReadHeader(device, header);
        try
        {
            RequireDmCrypt();
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private static void Activate(CryptContext context, string device, string name, VolumeKey key, uint flags = 0)
    {
        // SAFETY: the key is in locked memory, and as long as it says.
        fixed (byte* bytes = key.Bytes)
        {
            int result = LibCryptSetup.crypt_activate_by_volume_key(context, name, bytes, (nuint)key.Length, flags);
            CryptContexts.Check(result, $"map {name} on", device);
        }
    }

    private static UsedSlot? ActivateAndKeepLuks(
        string device, string name, Passphrase passphrase, KeptKey keep, string? header)
    {
        using CryptContext context = Load(device, header);
        if (passphrase.Length == 0)
            return null;
        int slot = 0;
        using VolumeKey? key = VolumeKey.TryFill(target =>
        {
            nuint length = VolumeKey.MaximumLength;
            // SAFETY: the target has room for length bytes; the passphrase, in locked memory, is as long as it says.
            fixed (byte* bytes = passphrase.Bytes)
            {
                slot = LibCryptSetup.crypt_volume_key_get(
                    context, LibCryptSetup.CRYPT_ANY_SLOT, (byte*)target, ref length, bytes, (nuint)passphrase.Length);
            }

            return slot < 0 ? 0 : (int)length;
        });
        if (slot == -LibC.EPERM)
            return null;
        CryptContexts.Check(slot, "open the LUKS container on", device);
        Activate(context, device, name, key!);
        keep.Store(key!);
        return new UsedSlot(slot, OperatorToken.NameOf(context, slot));
    }

    private static UsedSlot? ActivateLuks(string device, string name, Passphrase passphrase, string? header)
    {
        using CryptContext context = Load(device, header);
        // libcryptsetup calls an empty one an invalid argument; it opens no slot.
        if (passphrase.Length == 0)
            return null;
        // SAFETY: the passphrase is in locked memory, and as long as it says.
        fixed (byte* bytes = passphrase.Bytes)
        {
            int slot = LibCryptSetup.crypt_activate_by_passphrase(
                context, name, LibCryptSetup.CRYPT_ANY_SLOT, bytes, (nuint)passphrase.Length, 0);
            if (slot == -LibC.EPERM)
                return null;
            CryptContexts.Check(slot, "open the LUKS container on", device);
            return new UsedSlot(slot, OperatorToken.NameOf(context, slot));
        }
    }
}
