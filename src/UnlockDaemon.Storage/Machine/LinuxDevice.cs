using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Machine;

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
