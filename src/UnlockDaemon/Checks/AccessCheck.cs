using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Checks;

/// <summary>
/// Looks who may get at what the volume is made of. Whoever may read the container may hold it locked, and has all that it
/// takes to try passphrases at leisure; whoever may write to its directory can put another in its place.
/// </summary>
internal static class AccessCheck
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode Writers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Looks at the container, the header and the key file, as far as they are there.</summary>
    internal static IEnumerable<Finding> Run(VolumeConfiguration volume)
    {
        foreach (string path in new[] { volume.Container, volume.Header, volume.KeyFile }.OfType<string>())
        {
            if (Path.Exists(path) && Describe(path) is { } finding)
                yield return new(FindingSeverity.Warning, finding);
        }
    }

    private static string? Describe(string path)
    {
        // A device is its group's, "disk", wherever udev makes the node.
        UnixFileMode tooMuch = new ContainerFile(path).IsBlockDevice ? Others : Others | Group;
        if ((File.GetUnixFileMode(path) & tooMuch) != UnixFileMode.None)
            return $"{path} may be read or written by others than root: 'chmod go= {path}'";
        string directory = Path.GetDirectoryName(path)!;
        UnixFileMode mode = File.GetUnixFileMode(directory);
        return (mode & Writers) != UnixFileMode.None && !mode.HasFlag(UnixFileMode.StickyBit)
            ? $"others than root may write to {directory}, and so put another file in the place of {path}: "
                + $"'chmod go-w {directory}'"
            : null;
    }
}
