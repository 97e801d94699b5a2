using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// Maps a container of loop-AES with many keys. libcryptsetup wants the key file itself for that; from keys there is
/// only the device mapper, with the table and the name that libcryptsetup would make, so that cryptsetup(8) knows it.
/// </summary>
internal static unsafe class MultiKeyMapping
{
    private const int SectorSize = 512;
    // Besides the keys: cipher, IV offset, device, offset.
    private const int OtherWords = 128;

    /// <param name="device">
    /// The device that holds the container, or a file: that gets a loop device that goes away with the mapping, as
    /// libcryptsetup does it for one key.
    /// </param>
    /// <param name="name">Name of the mapping.</param>
    /// <param name="cipher">How it is encrypted.</param>
    /// <param name="key">The keys; right or wrong, the mapping is made.</param>
    /// <exception cref="LinuxException">The mapping could not be made.</exception>
    internal static void Make(string device, string name, PlainCipher cipher, VolumeKey key)
    {
        if (new ContainerFile(device).IsBlockDevice)
        {
            MakeOnDevice(device, name, cipher, key);
            return;
        }

        LoopDevice loop = LoopDevice.Attach(device);
        try
        {
            MakeOnDevice(loop.Path, name, cipher, key);
        }
        finally
        {
            loop.DetachAtLastClose();
        }
    }

    private static void MakeOnDevice(string device, string name, PlainCipher cipher, VolumeKey key)
    {
        DeviceNumber number = new ContainerFile(device).DeviceNumber
            ?? throw new LinuxException("map", device, LibC.EINVAL, "it is no block device");
        ulong sectors = (ulong)((new ContainerFile(device).Size / SectorSize) - cipher.Offset);
        using LockedMemory table = new((2 * key.Length) + OtherWords);
        Write(table.GetSpan(), cipher, key, number);
        using DeviceMapperTask create = new(LibDevMapper.DM_DEVICE_CREATE, name);
        // libdevmapper and the kernel wipe their copies.
        _ = LibDevMapper.dm_task_secure_data(create);
        _ = LibDevMapper.dm_task_set_uuid(create, "CRYPT-LOOPAES-" + name);
        // SAFETY: the table is in locked memory and ends with a zero byte; libdevmapper copies it.
        fixed (byte* parameters = table.GetSpan())
            _ = LibDevMapper.dm_task_add_target(create, 0, sectors, "crypt", parameters);
        uint cookie = 0;
        _ = LibDevMapper.dm_task_set_cookie(create, ref cookie, 0);
        try
        {
            create.Run($"map {device} as");
        }
        finally
        {
            _ = LibDevMapper.dm_udev_wait(cookie);
        }
    }

    /// <summary>Source: the kernel's Documentation/admin-guide/device-mapper/dm-crypt.rst.</summary>
    private static void Write(Span<byte> table, PlainCipher cipher, VolumeKey key, DeviceNumber device)
    {
        int length = Encoding.ASCII.GetBytes($"{cipher.Algorithm}:{KeyLines.Many}-{PlainCipher.MultiKeyMode} ", table);
        foreach (byte value in key.Bytes)
        {
            _ = Utf8Formatter.TryFormat(value, table[length..], out int digits,
                new System.Buffers.StandardFormat('x', 2));
            length += digits;
        }

        length += Encoding.ASCII.GetBytes($" {cipher.Skip} {device} {cipher.Offset}", table[length..]);
        table[length] = 0;
    }
}

/// <summary>The IV of loop-AES with many keys: MD5 without its end, over the sector's own data.</summary>
/// <remarks>Source: drivers/md/dm-crypt.c, crypt_iv_lmk_one.</remarks>
internal static unsafe class MultiKeyIv
{
    private const int SeedSize = 64;
    private const int SeedUsed = 16;
    private const uint TopBit = 0x8000_0000;
    private const uint Constant = 4024;

    /// <param name="seed">The 65th key, or nothing when there are 64.</param>
    /// <param name="sector">The sector's number.</param>
    /// <param name="data">All of its plaintext but the first 16 bytes.</param>
    /// <param name="iv">Takes the 16 bytes.</param>
    internal static void Compute(ReadOnlySpan<byte> seed, ulong sector, ReadOnlySpan<byte> data, Span<byte> iv)
    {
        // SAFETY: the context has the size that C gives it, and lies on this stack; its first 16 bytes are the state.
        LibCrypto.MD5_CTX context;
        _ = LibCrypto.MD5_Init(&context);
        if (!seed.IsEmpty)
        {
            Span<byte> padded = stackalloc byte[SeedSize];
            padded.Clear();
            seed[..SeedUsed].CopyTo(padded);
            Update(&context, padded);
            padded.Clear();
        }

        Update(&context, data);
        Span<byte> end = stackalloc byte[16];
        end.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(end, (uint)sector);
        BinaryPrimitives.WriteUInt32LittleEndian(end[4..], ((uint)(sector >> 32) & 0x00FF_FFFF) | TopBit);
        BinaryPrimitives.WriteUInt32LittleEndian(end[8..], Constant);
        Update(&context, end);
        // No padding: whole blocks went in, so the state is all there is.
        new ReadOnlySpan<byte>(&context, iv.Length).CopyTo(iv);
    }

    private static void Update(LibCrypto.MD5_CTX* context, ReadOnlySpan<byte> bytes)
    {
        // SAFETY: the bytes are pinned, and no more of them is read than there is.
        fixed (byte* start = bytes)
            _ = LibCrypto.MD5_Update(context, start, (nuint)bytes.Length);
    }
}
