using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage;

/// <summary>Why a volume cannot be given a size. Looks at nothing itself.</summary>
internal static class GrowRefusal
{
    // What the largest sectors of LUKS2 and the largest pages of a file's cache want.
    private const long Alignment = 4096;

    /// <summary>The size in bytes that the container gets when one is asked for.</summary>
    internal static long SizeFor(long wanted, ContainerFacts container) =>
        Math.Max(wanted / Alignment * Alignment, container.Size);

    /// <summary>Says why the container cannot have the size.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="container">The container as it is.</param>
    /// <param name="wanted">The size, in bytes.</param>
    /// <param name="room">The room around it.</param>
    internal static Fault? Of(VolumeConfiguration volume, ContainerFacts container, long wanted, DiskSpace room)
    {
        string path = volume.Container;
        long size = container.Size;
        if (container.Kind == ContainerKind.Device)
        {
            return wanted <= size
                ? null
                : Of($"{path} is a block device of {Sizes.Text(size)}, and the volume takes all of it: make the device "
                    + "larger ('lvextend', or the disk itself), then the same 'unlockctl grow'");
        }

        if (wanted < size)
        {
            return Of($"{Sizes.Text(wanted)} is less than the {Sizes.Text(size)} that {path} has, and a volume cannot "
                + "be made smaller: make a small one with 'unlockctl create', and copy the files");
        }

        if (wanted == size)
            return null;
        // Blocks that a sparse container still lacks are promised already.
        long missing = Math.Max(size - container.Allocated, 0);
        return room.Refuse(path, wanted - size + missing) is { } reason ? Of(reason) : null;

        static Fault Of(string what) => new(FaultKind.Container, what);
    }
}
