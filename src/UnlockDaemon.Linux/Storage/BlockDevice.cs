namespace UnlockDaemon.Linux.Storage;

/// <summary>What sysfs says of every block device.</summary>
internal static class BlockDevice
{
    /// <summary>The kernel counts in sectors of so many bytes, whatever the device's own are.</summary>
    internal const int SectorSize = 512;

    /// <summary>Size in bytes.</summary>
    /// <param name="sysfsPath">Its directory, such as /sys/block/dm-0.</param>
    /// <exception cref="LinuxException">There is no such device.</exception>
    internal static long SizeOf(string sysfsPath) =>
        long.Parse(KernelText.Read(sysfsPath + "/size").AsSpan().Trim()) * SectorSize;
}
