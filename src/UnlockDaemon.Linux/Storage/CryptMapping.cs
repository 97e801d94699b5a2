using System.Runtime.InteropServices;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A device-mapper device that exists, as sysfs shows it.</summary>
/// <param name="Name">Its name, as below /dev/mapper.</param>
/// <param name="SysfsPath">Its directory, such as /sys/block/dm-0.</param>
public sealed record CryptMapping(string Name, string SysfsPath)
{
    /// <summary>The device node.</summary>
    public string Path => "/dev/mapper/" + Name;

    /// <summary>Size in bytes.</summary>
    /// <exception cref="LinuxException">It is gone.</exception>
    public long Size => BlockDevice.SizeOf(SysfsPath);

    /// <summary>Its device number, as mountinfo and st_dev show it.</summary>
    public DeviceNumber Number =>
        DeviceNumber.Parse(ReadAttribute(SysfsPath + "/dev"))
        ?? throw new LinuxException("read device number of", SysfsPath, LibC.EIO);

    /// <summary>Finds a mapping by name.</summary>
    /// <param name="name">The name, as below /dev/mapper.</param>
    /// <returns>The mapping, or null when the kernel has none of that name.</returns>
    public static CryptMapping? Find(string name)
    {
        foreach (string directory in DirectoryEntries.Of("/sys/block", "dm-"))
        {
            // A mapping may go away between the listing and the look.
            if (ReadAttribute(directory + "/dm/name") == name)
                return new CryptMapping(name, directory);
        }

        return null;
    }

    /// <summary>Whether it lies on this device, directly or with dm-integrity in between.</summary>
    /// <param name="device">The lower device.</param>
    public bool IsOn(DeviceNumber device) => IsOn(SysfsPath, device);

    /// <summary>Whether it lies on no device at all: <see cref="FailAll"/> has taken it off.</summary>
    public bool IsOnNothing => Directory.Exists(SysfsPath) && DirectoryEntries.Of(SysfsPath + "/slaves").Length == 0;

    /// <summary>Kernel names of the devices stacked on it, such as dm-1 or loop3.</summary>
    public IReadOnlyList<string> StackedDevices =>
        [.. DirectoryEntries.Of(SysfsPath + "/holders").Select(static entry => System.IO.Path.GetFileName(entry))];

    /// <summary>Finds mappings by the beginning of their names.</summary>
    /// <param name="prefix">The beginning.</param>
    /// <returns>All that are there.</returns>
    public static IReadOnlyList<CryptMapping> FindAll(string prefix)
    {
        List<CryptMapping> found = [];
        foreach (string directory in DirectoryEntries.Of("/sys/block", "dm-"))
        {
            if (ReadAttribute(directory + "/dm/name") is { } name && name.StartsWith(prefix, StringComparison.Ordinal))
                found.Add(new CryptMapping(name, directory));
        }

        return found;
    }

    /// <summary>
    /// Takes the key out of the kernel's memory at once, mounted or not: reads and writes wait from then on, until
    /// <see cref="FailAll"/>. What was not written yet is lost, as in a power failure.
    /// </summary>
    /// <exception cref="LinuxException">It could not be done, or the kernel still shows a key.</exception>
    public void WipeKey()
    {
        if (IsWiped())
            return;
        using (DeviceMapperTask suspend = new(LibDevMapper.DM_DEVICE_SUSPEND, Name))
        {
            // Neither the file system's dirty pages nor requests that wait: only what is on its way is waited for.
            _ = LibDevMapper.dm_task_skip_lockfs(suspend);
            _ = LibDevMapper.dm_task_no_flush(suspend);
            suspend.Run("suspend");
        }

        using (DeviceMapperTask wipe = new(LibDevMapper.DM_DEVICE_TARGET_MSG, Name))
        {
            _ = LibDevMapper.dm_task_set_message(wipe, "key wipe");
            wipe.Run("wipe the key of");
        }

        if (!IsWiped())
            throw new LinuxException("wipe the key of", Path, LibC.EBUSY, "the device mapper still shows a key");
    }

    /// <summary>Replaces its table: all that waits, and all that comes, fails (EIO).</summary>
    /// <exception cref="LinuxException">The device mapper refused.</exception>
    public void FailAll()
    {
        ulong sectors = (ulong)Size / BlockDevice.SectorSize;
        using (DeviceMapperTask reload = new(LibDevMapper.DM_DEVICE_RELOAD, Name))
        {
            _ = LibDevMapper.dm_task_add_target(reload, 0, sectors, "error", "");
            reload.Run("load the error target into");
        }

        using DeviceMapperTask resume = new(LibDevMapper.DM_DEVICE_RESUME, Name);
        _ = LibDevMapper.dm_task_skip_lockfs(resume);
        _ = LibDevMapper.dm_task_no_flush(resume);
        // Without a cookie udev may take the device's node for nobody's.
        uint cookie = 0;
        _ = LibDevMapper.dm_task_set_cookie(resume, ref cookie, 0);
        try
        {
            resume.Run("resume");
        }
        finally
        {
            _ = LibDevMapper.dm_udev_wait(cookie);
        }
    }

    private static bool IsOn(string sysfsPath, DeviceNumber device) =>
        Array.Exists(DirectoryEntries.Of(sysfsPath + "/slaves"), lower =>
            ReadAttribute(lower + "/dev") is { } number
            && (DeviceNumber.Parse(number) == device || (Directory.Exists(lower + "/dm") && IsOn(lower, device))));

    /// <summary>
    /// Whether it is of dm-crypt; below one with authenticated encryption is another device, of dm-integrity, which has no
    /// key and a name and UUID much like it.
    /// </summary>
    /// <exception cref="LinuxException">The device mapper does not say.</exception>
    public unsafe bool IsCrypt()
    {
        using DeviceMapperTask table = ReadTable();
        nint next = 0;
        do
        {
            // SAFETY: the text is the task's, which is disposed of last; null without a target.
            next = LibDevMapper.dm_get_next_target(table, next, out _, out _, out byte* type, out _);
            if (IsCrypt(type))
                return true;
        }
        while (next != 0);
        return false;
    }

    /// <summary>
    /// Whether no part of it has a key: one that cryptsetup is encrypting anew has several, each with its own.
    /// </summary>
    private unsafe bool IsWiped()
    {
        using DeviceMapperTask table = ReadTable();
        nint next = 0;
        do
        {
            // SAFETY: both texts are the task's, which is disposed of last; null without a target.
            next = LibDevMapper.dm_get_next_target(
                table, next, out _, out _, out byte* type, out byte* parameters);
            if (IsCrypt(type) && HasKey(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(parameters)))
                return false;
        }
        while (next != 0);
        return true;
    }

    /// <summary>
    /// The key is the second word of a part, in hexadecimal, or a name in a keyring; zeros when wiped.
    /// </summary>
    private static bool HasKey(ReadOnlySpan<byte> words)
    {
        ReadOnlySpan<byte> key = words[(words.IndexOf((byte)' ') + 1)..];
        return key[..key.IndexOf((byte)' ')].IndexOfAnyExcept((byte)'0', (byte)'-') >= 0;
    }

    private DeviceMapperTask ReadTable()
    {
        DeviceMapperTask table = new(LibDevMapper.DM_DEVICE_TABLE, Name);
        _ = LibDevMapper.dm_task_secure_data(table);
        table.Run("read the table of");
        return table;
    }

    // SAFETY: the text ends with a zero byte, and the caller keeps its task; null reads as an empty one.
    private static unsafe bool IsCrypt(byte* type) =>
        MemoryMarshal.CreateReadOnlySpanFromNullTerminated(type).SequenceEqual("crypt"u8);

    private static string? ReadAttribute(string path) => KernelText.TryRead(path)?.Trim();

    /// <summary>Its path; what a record shows by itself would open the device.</summary>
    public override string ToString() => Path;
}
