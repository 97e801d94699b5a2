using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Machine;

/// <summary>
/// A sparse container takes blocks from the disk below as it is written to, until that has none left.
/// </summary>
internal static class SpaceBelow
{
    /// <summary>Says that the disk below has fewer blocks left than the container may still want.</summary>
    /// <returns>What is missing and what to do, as a sentence for the operator; or null.</returns>
    internal static string? FindShortage(ContainerFile container)
    {
        if (container.IsBlockDevice)
            return null;
        try
        {
            long missing = container.Size - container.Allocated;
            long free = DiskSpace.Around(container.Path).Free;
            return missing <= free
                ? null
                : $"{container.Path} is sparse: {Sizes.Text(missing)} of its {Sizes.Text(container.Size)} have no "
                    + $"blocks yet, and the disk below has {Sizes.Text(free)} left. When that is used up, writes to "
                    + $"the volume fail: make room, then 'fallocate -l {container.Size} {container.Path}' takes the "
                    + "blocks for good";
        }
        catch (Exception gone) when (gone is LinuxException or IOException)
        {
            // A container that is missing is told by whoever needs it.
            return null;
        }
    }
}
