using System.Globalization;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Looks at what is at the container's path, and not into it.</summary>
internal static class LinuxContainer
{
    // sysfs counts in these, whatever the device's own sectors are.
    private const int SectorSize = 512;

    /// <summary>Looks.</summary>
    /// <param name="path">The path.</param>
    /// <param name="openDevice">Whether a device that sysfs does not know is opened, to see why.</param>
    /// <exception cref="LinuxException">It cannot be looked at, or the device cannot be opened.</exception>
    internal static ContainerFacts Look(string path, bool openDevice)
    {
        if (FileIdentity.TryOf(path) is not { } identity)
            return new(ContainerKind.Missing, 0, 0, null, null);
        try
        {
            return Look(new ContainerFile(path), identity, openDevice);
        }
        catch (LinuxException) when (FileIdentity.TryOf(path) is null)
        {
            // Deleted between two looks.
            return new(ContainerKind.Missing, 0, 0, null, null);
        }
    }

    /// <summary>Size of a block device in bytes; null when sysfs does not know it.</summary>
    /// <param name="directory">Its directory in sysfs.</param>
    internal static long? SizeOf(string directory) =>
        long.TryParse(KernelText.TryRead(directory + "/size")?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
            out long sectors)
            ? sectors * SectorSize
            : null;

    /// <summary>Number of a block device; null when sysfs does not know it.</summary>
    /// <param name="directory">Its directory in sysfs.</param>
    internal static DeviceNumber? NumberOf(string directory) =>
        DeviceNumber.Parse(KernelText.TryRead(directory + "/dev")?.Trim());

    private static ContainerFacts Look(ContainerFile file, FileIdentity identity, bool openDevice)
    {
        if (Directory.Exists(file.Path))
            return new(ContainerKind.Directory, 0, 0, identity, null);
        if (file.DeviceNumber is { } number)
        {
            // To open it takes a disk that answers.
            long size = SizeOf($"/sys/dev/block/{number}") ?? (openDevice ? file.Size : 0);
            return new(ContainerKind.Device, size, size, identity, number);
        }

        (long length, long allocated) = (file.Size, file.Allocated);
        return new(file.IsRegular ? ContainerKind.File : ContainerKind.Other, length, allocated, identity, null);
    }
}
