using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage.Machine;

/// <summary>Looks at what an unlock needs.</summary>
/// <param name="volume">The volume.</param>
internal sealed class LinuxEntry(VolumeConfiguration volume)
{
    /// <summary>Looks. What fails is told in the facts, and the rest is looked at all the same.</summary>
    /// <param name="seen">The layers.</param>
    internal EntryFacts Look(Snapshot seen)
    {
        Fault? trouble = null;
        (bool hasMagic, long? dataOffset) = Try(() => LookAtHeader(seen.Container));
        string? target = Try(() => LinuxPaths.Resolve(volume.MountPoint) is { } path && Directory.Exists(path)
            ? path
            : null);
        // What is seen there while something is mounted does not lie in the bare directory.
        string? entry = target is null || seen.Mount is not null
            ? null
            : Try(() => Directory.EnumerateFileSystemEntries(target).FirstOrDefault());
        return new(hasMagic, dataOffset, Exists(volume.Header), Exists(volume.KeyFile),
            GpgKeyFile.IsProgramInstalled, target, Path.GetFileName(entry),
            new ConversionFiles(volume.Container).FindUnfinished(), trouble);

        T? Try<T>(Func<T> look)
        {
            try
            {
                return look();
            }
            catch (Exception failure)
            {
                trouble ??= Fault.Of(failure);
                return default;
            }
        }
    }

    /// <summary>A damaged header whose second copy is whole counts as one: cryptsetup mends it.</summary>
    private (bool HasMagic, long? DataOffset) LookAtHeader(ContainerFacts container)
    {
        if (volume.Header is { } path)
        {
            ContainerFile detached = new(path);
            return File.Exists(path)
                ? (detached.HasLuksHeader, LuksSummary.TryRead(detached)?.DataOffset)
                : (false, null);
        }

        if (container.Kind is not (ContainerKind.File or ContainerKind.Device))
            return (false, null);
        ContainerFile file = new(volume.Container);
        LuksSummary? header = LuksSummary.TryRead(file);
        return (header is not null || file.HasLuksHeader, header?.DataOffset);
    }

    private static bool? Exists(string? path) => path is null ? null : File.Exists(path);
}
