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

/// <summary>Where paths lead.</summary>
internal static class LinuxPaths
{
    // As many as the kernel follows. Source: linux/namei.h, MAXSYMLINKS.
    private const int MaximumLinks = 40;

    /// <summary>The path with all symbolic links in it resolved, as far as there is something.</summary>
    /// <param name="path">An absolute path.</param>
    /// <returns>Null when its links lead in a circle.</returns>
    internal static string? Resolve(string path)
    {
        string reached = "/";
        Stack<string> rest = new();
        PushParts(rest, path);
        for (int links = 0; rest.TryPop(out string? name);)
        {
            if (name == ".")
                continue;
            string next = name == ".." ? Path.GetDirectoryName(reached) ?? "/" : Path.Combine(reached, name);
            if (name == ".." || new FileInfo(next).LinkTarget is not { } target)
            {
                reached = next;
                continue;
            }

            if (++links > MaximumLinks)
                return null;
            if (target.StartsWith('/'))
                reached = "/";
            PushParts(rest, target);
        }

        return reached;
    }

    /// <summary>The file system that a path lies in, told from the mounts alone: nobody is asked.</summary>
    /// <param name="path">An absolute path without symbolic links.</param>
    /// <param name="mounts">The mounts, in the kernel's order.</param>
    internal static DeviceNumber? FilesystemOf(string path, IEnumerable<MountEntry> mounts)
    {
        MountEntry? found = null;
        foreach (MountEntry mount in mounts)
        {
            // The later one lies on top.
            if (IsIn(path, mount.MountPoint) && mount.MountPoint.Length >= (found?.MountPoint.Length ?? 0))
                found = mount;
        }

        return found?.Device;
    }

    private static bool IsIn(string path, string directory) => directory == "/"
        || (path.StartsWith(directory, StringComparison.Ordinal)
            && (path.Length == directory.Length || path[directory.Length] == '/'));

    private static void PushParts(Stack<string> rest, string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = parts.Length - 1; i >= 0; i--)
            rest.Push(parts[i]);
    }
}
