using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A device-mapper device that exists, as sysfs shows it.</summary>
/// <param name="Name">Its name, as below /dev/mapper.</param>
/// <param name="SysfsPath">Its directory, such as /sys/block/dm-0.</param>
public sealed record CryptMapping(string Name, string SysfsPath)
{
    /// <summary>The device node.</summary>
    public string Path => "/dev/mapper/" + Name;

    /// <summary>Its device number, as mountinfo and st_dev show it.</summary>
    public DeviceNumber Number =>
        DeviceNumber.Parse(File.ReadAllText(SysfsPath + "/dev").AsSpan().Trim())
        ?? throw new LinuxException("read device number of", SysfsPath, Errno.EIO);

    /// <summary>Finds a mapping by name.</summary>
    /// <param name="name">The name, as below /dev/mapper.</param>
    /// <returns>The mapping, or null when the kernel has none of that name.</returns>
    public static CryptMapping? Find(string name)
    {
        foreach (string directory in Directory.EnumerateDirectories("/sys/block", "dm-*"))
        {
            // A mapping may go away between the listing and the look.
            if (ReadAttribute(directory + "/dm/name") == name)
                return new CryptMapping(name, directory);
        }

        return null;
    }

    /// <summary>Whether it lies directly on this device.</summary>
    /// <param name="device">The lower device.</param>
    public bool IsOn(LoopDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return Directory.Exists($"{SysfsPath}/slaves/{System.IO.Path.GetFileName(device.Path)}");
    }

    /// <summary>Kernel names of the devices stacked on it, such as dm-1 or loop3.</summary>
    public IReadOnlyList<string> StackedDevices =>
        [.. Directory.EnumerateFileSystemEntries(SysfsPath + "/holders").Select(static entry => System.IO.Path.GetFileName(entry))];

    private static string? ReadAttribute(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }
}
