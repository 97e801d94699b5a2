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

/// <summary>A mapping as sysfs shows it, with all that is below it.</summary>
/// <param name="Mapping">The mapping.</param>
/// <param name="Number">Its number.</param>
/// <param name="Uuid">What the device mapper calls it, whatever its name: tells it from one that gets its number later.
/// </param>
/// <param name="Below">Kernel names and numbers of the devices that it lies on, directly or not.</param>
internal sealed record LinuxDevice(CryptMapping Mapping, DeviceNumber Number, string Uuid,
    IReadOnlyList<(string Name, DeviceNumber? Number)> Below)
{
    /// <summary>The names of the devices that it lies on.</summary>
    internal IReadOnlySet<string> BelowNames { get; } = Below.Select(static one => one.Name).ToHashSet();

    /// <summary>Reads it.</summary>
    /// <returns>Null when it has gone meanwhile.</returns>
    internal static LinuxDevice? TryRead(CryptMapping mapping) =>
        LinuxContainer.NumberOf(mapping.SysfsPath) is { } number
            ? new(mapping, number, UuidIn(mapping.SysfsPath), [.. FindBelow(mapping.SysfsPath)])
            : null;

    /// <summary>Says what it is to a volume.</summary>
    /// <param name="container">The volume's container.</param>
    /// <param name="loops">The loop devices on what is or was the container.</param>
    /// <returns>Null when it has gone meanwhile.</returns>
    internal MappingFacts? Describe(ContainerFacts container, IEnumerable<LoopFacts> loops)
    {
        if (LinuxContainer.SizeOf(Mapping.SysfsPath) is not { } size)
            return null;
        bool isOnNothing = Below.Count == 0;
        LoopFacts? lower = loops.FirstOrDefault(loop => BelowNames.Contains(Path.GetFileName(loop.Path)));
        bool isOurs = isOnNothing || lower is not null
            || (container.Number is { } number && Below.Any(one => one.Number == number));
        return new(Mapping.Path, Number, size, isOnNothing, isOurs, lower, Mapping.StackedDevices);
    }

    /// <summary>
    /// Whether its number still is its own: it has gone, and nobody got it since; or it has another name.
    /// </summary>
    internal bool HasItsNumber =>
        $"/sys/dev/block/{Number}" is var directory && (!Directory.Exists(directory) || UuidIn(directory) == Uuid);

    private static string UuidIn(string directory) => KernelText.TryRead(directory + "/dm/uuid")?.Trim() ?? "";

    private static IEnumerable<(string Name, DeviceNumber? Number)> FindBelow(string directory)
    {
        string slaves = directory + "/slaves";
        if (!Directory.Exists(slaves))
            yield break;
        foreach (string lower in Directory.EnumerateFileSystemEntries(slaves))
        {
            yield return (Path.GetFileName(lower), LinuxContainer.NumberOf(lower));
            // dm-integrity's device, or a logical volume.
            if (!Directory.Exists(lower + "/dm"))
                continue;
            foreach ((string Name, DeviceNumber? Number) further in FindBelow(lower))
                yield return further;
        }
    }
}
