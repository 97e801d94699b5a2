using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Swap space under a random key that nobody knows, and that is gone with the mapping.</summary>
/// <remarks>
/// What lies there afterwards looks like any other encrypted data. So the first page is a mark in the clear, and
/// nothing without that mark is ever written to.
/// </remarks>
/// <param name="path">A file, which is made if it is not there, or a block device.</param>
/// <param name="name">Name of the mapping.</param>
public sealed class EncryptedSwap(string path, string name)
{
    private const int KeyLength = 64;
    private const int Page = 4096;
    private const int DataOffset = 1 << 20;

    // Left free when what is in swap is taken back.
    private const long Reserve = 8 << 20;
    private static readonly PlainCipher s_cipher = new("aes", "xts-plain64", KeyLength * 8, "plain");

    /// <summary>The mapping, or null.</summary>
    public CryptMapping? Mapping => CryptMapping.Find(name);

    /// <summary>Whether the kernel swaps to it.</summary>
    public bool IsActive => Mapping is { } mapping && FindUsed(mapping) is not null;

    private static ReadOnlySpan<byte> Mark => "unlockd: encrypted swap space, made anew at every start\n"u8;

    /// <summary>Says why it cannot be used.</summary>
    /// <param name="size">Size of a file, in bytes; null for a device, or a file that is there.</param>
    /// <returns>What is there that must not be overwritten, or what is missing; null when it can be used.</returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public string? FindFault(long? size)
    {
        if (FileStatus.TryRead(path) is not { } status)
            return size is null ? $"swap {path} is missing: give swap.size, and it is made" : null;
        bool device = status.IsOfType(LibC.S_IFBLK);
        if (!device && !status.IsOfType(LibC.S_IFREG))
            return $"swap {path} is neither a file nor a block device";
        if (device ? IsOursOrBlank() : status.stx_size == 0 || HasMark())
            return null;
        string way = device
            ? $"clear its beginning and its end ('wipefs -a {path}', 'dd if=/dev/zero of={path} bs=1M count=1')"
            : $"'rm {path}'";
        return $"swap {path} holds something else, and is left alone: name another path, or, if nothing on it is "
            + $"needed, {way}";
    }

    /// <summary>Brings it up under a new key. There is no fault, and it is down.</summary>
    /// <param name="size">Size of a file, in bytes; null for a device, or a file that is there.</param>
    /// <exception cref="LinuxException">A call failed.</exception>
    /// <exception cref="IOException">The file could not be made.</exception>
    public void BringUp(long? size)
    {
        if (size is { } wanted && (FileStatus.TryRead(path) is not { } status
            || (status.IsOfType(LibC.S_IFREG) && (long)status.stx_size != wanted + DataOffset)))
        {
            // Under its name only with the mark: without one it would be taken for something else.
            string draft = path + ".unlockd-new";
            File.Delete(draft);
            new ContainerFile(draft)
                .Allocate(wanted + DataOffset, random: false, progress: null, CancellationToken.None);
            WriteAt(draft, Mark);
            File.Move(draft, path, overwrite: true);
        }
        else
        {
            WriteAt(path, Mark);
        }

        LoopDevice loop = LoopDevice.Attach(path, DataOffset);
        using (VolumeKey key = MakeKey())
            CryptDevice.ActivatePlain(loop.Path, name, s_cipher, key);
        CryptMapping mapping = Mapping!;
        WriteAt(mapping.Path, Header(mapping.Size));
        if (Swap.swapon(mapping.Path, 0) != 0)
            throw LinuxException.FromLastError("swap to", mapping.Path);
    }

    /// <summary>Takes back into memory what lies there, and takes it down; its key is gone with that.</summary>
    /// <exception cref="LinuxException">There is not memory enough: ENOMEM; or another call failed.</exception>
    public void TakeDown()
    {
        FileIdentity? file = FileIdentity.TryOf(path);
        LoopDevice? loop = file is { } given ? LoopDevice.FindByBackingFile(given, DataOffset) : null;
        if (Mapping is { } mapping)
        {
            // It may be on another file than the one that is configured by now.
            LoopDevice? below = Array.Find(
                LoopDevice.FindAll(), device => device.Number is { } number && mapping.IsOn(number));
            if (below is not null && below != loop)
                (loop, file) = (below, null);
            if (FindUsed(mapping) is { } used)
                TakeBack(mapping.Path, used);
            CryptDevice.Deactivate(name);
        }

        loop?.Detach(file);
    }

    /// <remarks>
    /// In a process of its own: where memory does not suffice, the kernel kills whoever calls swapoff(2) first
    /// (mm/swapfile.c, set_current_oom_origin).
    /// </remarks>
    private static void TakeBack(string device, long used)
    {
        if (used > Available() - Reserve)
            throw new LinuxException("take back from swap", device, LibC.ENOMEM);
        if (Tool.Run("swapoff", device).ExitCode != 0)
            throw new LinuxException("take back from swap", device, LibC.ENOMEM);
    }

    /// <summary>How many bytes lie there; null when the kernel does not swap to it.</summary>
    /// <remarks>The kernel has the name of the node, which is no link to another one where udev made none.</remarks>
    private static long? FindUsed(CryptMapping mapping) => SwapTable.Read().FirstOrDefault(area =>
        area.Path == $"/dev/{Path.GetFileName(mapping.SysfsPath)}" || area.Path == mapping.Path)?.Used;

    private static long Available() => MemoryInfo.Read().Available;

    /// <summary>The first page of a swap area. Source: linux/swap.h, union swap_header.</summary>
    private static byte[] Header(long size)
    {
        byte[] page = new byte[Page];
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(1024), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(1028), (uint)((size / Page) - 1));
        RandomNumberGenerator.Fill(page.AsSpan(1036, 16));
        "SWAPSPACE2"u8.CopyTo(page.AsSpan(Page - 10));
        return page;
    }

    private static unsafe VolumeKey MakeKey() =>
        // SAFETY: the target has room for the longest key there is.
        VolumeKey.TryFill(target => (int)Interop.Random.getrandom((void*)target, KeyLength, 0))
        ?? throw LinuxException.FromLastError("get random numbers for", "the key of swap");

    private static void WriteAt(string target, ReadOnlySpan<byte> bytes)
    {
        using SafeFileHandle file = Fcntl.Open(target, LibC.O_RDWR);
        try
        {
            RandomAccess.Write(file, bytes, 0);
        }
        catch (IOException failure)
        {
            throw new LinuxException("write to", target,
                failure.HResult is > 0 and < 4096 ? failure.HResult : LibC.EIO);
        }

        if (Unistd.fsync(file) != 0)
            throw LinuxException.FromLastError("write to", target);
    }

    private bool HasMark()
    {
        Span<byte> start = stackalloc byte[Mark.Length];
        return DeviceRead.Start(path, start) == start.Length && start.SequenceEqual(Mark);
    }

    /// <summary>
    /// Nothing but the mark at the beginning, where most signatures are, and without one nothing at the end either,
    /// where RAID has its own. A mark alone says little: what came after it may have left the first bytes as they were.
    /// </summary>
    private bool IsOursOrBlank()
    {
        using SafeFileHandle file = Fcntl.Open(path, LibC.O_RDONLY | LibC.O_EXCL);
        long end = Unistd.lseek(file, 0, LibC.SEEK_END);
        byte[] bytes = new byte[DataOffset];
        if (DeviceRead.At(path, 0, bytes) != bytes.Length)
            return false;
        bool marked = bytes.AsSpan().StartsWith(Mark);
        if (bytes.AsSpan(marked ? Mark.Length : 0).IndexOfAnyExcept((byte)0) >= 0)
            return false;
        return marked || (DeviceRead.At(path, Math.Max(end - bytes.Length, 0), bytes) == bytes.Length
            && bytes.AsSpan().IndexOfAnyExcept((byte)0) < 0);
    }
}

/// <summary>What the kernel swaps to. Source: /proc/swaps, proc(5).</summary>
/// <param name="Path">A device or a file.</param>
/// <param name="Used">Bytes that lie there.</param>
public sealed record SwapTable(string Path, long Used)
{
    /// <summary>Reads the table.</summary>
    /// <returns>All areas that are in use.</returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static IEnumerable<SwapTable> Read() =>
        from line in KernelText.Read("/proc/swaps").Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
        let words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
        select new SwapTable(MountEntry.Unescape(words[0]),
            long.Parse(words[3], NumberStyles.None, CultureInfo.InvariantCulture) * 1024);
}
