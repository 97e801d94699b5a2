using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// The header of a LUKS1 or LUKS2 container: its key slots, whether the container is unlocked or not.
/// </summary>
/// <remarks>
/// Each change is on the disk when its method returns. A process that is killed in the middle leaves the header as it
/// was before or as it is after: libcryptsetup fills a free slot's area first and then has the header name it.
/// </remarks>
public sealed unsafe class LuksHeader : IDisposable
{
    private readonly CryptContext _context;
    private readonly string _device;

    private LuksHeader(CryptContext context, string device)
    {
        _context = context;
        _device = device;
    }

    /// <summary>Whether it is version 2, the one that has names for its slots.</summary>
    public bool IsLuks2 => CryptContexts.IsLuks2(_context);

    /// <summary>Its UUID.</summary>
    // SAFETY: the text is the context's, and ends with a zero byte.
    public string Uuid => Marshal.PtrToStringUTF8((nint)LibCryptSetup.crypt_get_uuid(_context)) ?? "";

    /// <summary>
    /// Where the encrypted data begin, in bytes from the start of the container; all before it is the header.
    /// </summary>
    public long DataOffset => (long)LibCryptSetup.crypt_get_data_offset(_context) * 512;

    /// <summary>The slots that are in use, in the order of their numbers.</summary>
    public IReadOnlyList<KeySlot> Slots
    {
        get
        {
            List<KeySlot> slots = [];
            for (int slot = 0; slot < SlotCount; slot++)
            {
                int status = LibCryptSetup.crypt_keyslot_status(_context, slot);
                if (status >= LibCryptSetup.CRYPT_SLOT_ACTIVE)
                    slots.Add(Describe(slot, status != LibCryptSetup.CRYPT_SLOT_UNBOUND));
            }

            return slots;
        }
    }

    private int SlotCount =>
        LibCryptSetup.crypt_keyslot_max(IsLuks2 ? LibCryptSetup.CRYPT_LUKS2 : LibCryptSetup.CRYPT_LUKS1);

    /// <summary>Reads a header.</summary>
    /// <param name="device">The container, or a file with a header alone.</param>
    /// <exception cref="LinuxException">It cannot be opened, or has no LUKS header.</exception>
    public static LuksHeader Read(string device) => new(CryptContexts.ReadHeader(device), device);

    /// <summary>Finds a slot that a passphrase opens.</summary>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="key">The volume key; null when no slot was opened.</param>
    /// <returns>The slot, or null when the passphrase opens none.</returns>
    /// <exception cref="LinuxException">The header is damaged, or memory is short.</exception>
    public int? TryOpen(Passphrase passphrase, out VolumeKey? key)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        CryptContexts.CaptureErrors();
        int slot = -LibC.EPERM;
        key = VolumeKey.TryFill(target =>
        {
            nuint length = VolumeKey.MaximumLength;
            // SAFETY: the target has room for length bytes; the passphrase, in locked memory, is as long as it says.
            // An empty one has no address, which means something else to libcryptsetup.
            fixed (byte* bytes = passphrase.Bytes)
            {
                if (bytes is not null)
                    slot = LibCryptSetup.crypt_volume_key_get(_context, LibCryptSetup.CRYPT_ANY_SLOT, (byte*)target,
                        ref length, bytes, (nuint)passphrase.Length);
            }

            return slot < 0 ? 0 : (int)length;
        });
        return Opened(slot);
    }

    /// <summary>Whether a passphrase opens this very slot.</summary>
    /// <param name="slot">Number of the slot.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <exception cref="LinuxException">The slot is not in use, is damaged, or memory is short.</exception>
    public bool Opens(int slot, Passphrase passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        CryptContexts.CaptureErrors();
        // SAFETY: the passphrase is in locked memory, and as long as it says.
        fixed (byte* bytes = passphrase.Bytes)
        {
            return bytes is not null && Opened(LibCryptSetup.crypt_activate_by_passphrase(
                _context, null, slot, bytes, (nuint)passphrase.Length, 0)) is not null;
        }
    }

    /// <summary>Whether this is the key of the container.</summary>
    /// <param name="key">The key.</param>
    public bool IsItsKey(VolumeKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        // SAFETY: the key is in locked memory, and as long as it says.
        fixed (byte* bytes = key.Bytes)
            return LibCryptSetup.crypt_volume_key_verify(_context, bytes, (nuint)key.Length) >= 0;
    }

    /// <summary>Fills a free slot, and reads it back from the disk with the new passphrase.</summary>
    /// <param name="key">The container's key.</param>
    /// <param name="passphrase">What shall open the slot.</param>
    /// <param name="derivation">How; LUKS1 has its own way, and takes the time alone.</param>
    /// <returns>Number of the slot.</returns>
    /// <exception cref="LinuxException">No slot is free, it could not be written, or does not open.</exception>
    public int AddSlot(VolumeKey key, Passphrase passphrase, KeyDerivation derivation)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(passphrase);
        ArgumentNullException.ThrowIfNull(derivation);
        CryptContexts.CaptureErrors();
        if (IsLuks2)
            derivation.ApplyTo(_context);
        else
            LibCryptSetup.crypt_set_iteration_time(_context, Math.Max(derivation.Milliseconds, 1));
        int slot;
        // SAFETY: both are in locked memory, and as long as they say.
        fixed (byte* secret = key.Bytes, bytes = passphrase.Bytes)
        {
            slot = LibCryptSetup.crypt_keyslot_add_by_volume_key(_context, LibCryptSetup.CRYPT_ANY_SLOT,
                secret, (nuint)key.Length, bytes, (nuint)passphrase.Length);
        }

        CryptContexts.Check(slot, "add a key slot to", _device);
        using LuksHeader written = Read(_device);
        return written.Opens(slot, passphrase)
            ? slot
            : throw new LinuxException("open the new key slot of", _device, LibC.EIO);
    }

    /// <summary>Empties a slot and overwrites its place on the disk.</summary>
    /// <param name="slot">Number of the slot; not the last one.</param>
    /// <exception cref="LinuxException">It is the last one, or could not be removed.</exception>
    public void RemoveSlot(int slot)
    {
        CryptContexts.CaptureErrors();
        if (LibCryptSetup.crypt_keyslot_status(_context, slot) == LibCryptSetup.CRYPT_SLOT_ACTIVE_LAST)
            throw new LinuxException("remove the last key slot of", _device, LibC.EPERM);
        CryptContexts.Check(LibCryptSetup.crypt_keyslot_destroy(_context, slot), "remove a key slot from", _device);
        OperatorToken.RemoveForgotten(_context, _device);
    }

    /// <summary>Gives a slot the name of its operator.</summary>
    /// <param name="slot">Number of the slot.</param>
    /// <param name="name">The name; see <see cref="OperatorName"/>.</param>
    /// <exception cref="LinuxException">It could not be written.</exception>
    public void NameSlot(int slot, string name)
    {
        CryptContexts.CaptureErrors();
        OperatorToken.Name(_context, _device, slot, name);
    }

    /// <summary>Has a slot share the name of another, if that has one.</summary>
    /// <param name="from">Number of the slot that has it.</param>
    /// <param name="to">Number of the slot that gets it.</param>
    /// <exception cref="LinuxException">It could not be written.</exception>
    public void ShareName(int from, int to)
    {
        CryptContexts.CaptureErrors();
        OperatorToken.Share(_context, _device, from, to);
    }

    /// <summary>Writes the header to a new file, which only its owner may read; whole or not at all.</summary>
    /// <param name="file">The file; must not exist.</param>
    /// <exception cref="LinuxException">It could not be written, or what was written is no header.</exception>
    /// <exception cref="IOException">It exists.</exception>
    public void Backup(string file)
    {
        string draft = file + ".part";
        File.Delete(draft);
        CryptContexts.CaptureErrors();
        CryptContexts.Check(LibCryptSetup.crypt_header_backup(_context, null, draft), "write a header to", file);
        using (SafeFileHandle written = Fcntl.Open(draft, LibC.O_RDONLY))
        {
            File.SetUnixFileMode(written, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (Unistd.fsync(written) != 0)
                throw LinuxException.FromLastError("flush", draft);
        }

        using (LuksHeader copy = Read(draft))
        {
            if (copy.Uuid != Uuid)
                throw new LinuxException("read back the header in", draft, LibC.EIO);
        }

        File.Move(draft, file, overwrite: false);
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    private int? Opened(int slot)
    {
        if (slot == -LibC.EPERM)
            return null;
        CryptContexts.Check(slot, "open the LUKS container on", _device);
        return slot;
    }

    private KeySlot Describe(int slot, bool isActive)
    {
        // SAFETY: the structure is as C has it; its texts are the context's, and end with a zero byte.
        LibCryptSetup.crypt_pbkdf_type pbkdf = default;
        _ = LibCryptSetup.crypt_keyslot_get_pbkdf(_context, slot, &pbkdf);
        return new KeySlot(slot, OperatorToken.NameOf(_context, slot), Marshal.PtrToStringUTF8((nint)pbkdf.type) ?? "",
            pbkdf.max_memory_kb, pbkdf.iterations, isActive);
    }
}

/// <summary>A key slot of a LUKS header that is in use.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Name of the operator whose passphrase it takes; null when it has none.</param>
/// <param name="Derivation">Name of the key derivation: argon2id, argon2i or pbkdf2.</param>
/// <param name="MemoryKilobytes">Memory that the derivation takes; 0 for pbkdf2.</param>
/// <param name="Iterations">Rounds of the derivation.</param>
/// <param name="IsActive">Whether it opens the volume; one that is not bound to the volume does not.</param>
public sealed record KeySlot(
    int Number, string? Name, string Derivation, uint MemoryKilobytes, uint Iterations, bool IsActive)
{
    /// <summary>As people are told of it: "slot 1, 'anna'".</summary>
    /// <param name="number">Number of the slot.</param>
    /// <param name="name">Its name, or null.</param>
    public static string Describe(int number, string? name) =>
        name is null ? $"slot {number}" : $"slot {number}, '{name}'";

    /// <inheritdoc/>
    public override string ToString() => Describe(Number, Name);
}

/// <summary>The key slot that opened a container.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Operator">Name of the operator it belongs to; null when it has none.</param>
public sealed record UsedSlot(int Number, string? Operator)
{
    /// <inheritdoc/>
    public override string ToString() => KeySlot.Describe(Number, Operator);
}
