using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage;

/// <summary>The names beside a container while it is converted.</summary>
/// <param name="Container">Name of the container: before the switch of the old one, after it of the new one.</param>
public sealed record ConversionFiles(string Container)
{
    /// <summary>Where the new container is made.</summary>
    public string New => Container + ".new";

    /// <summary>What the old container is called in the end.</summary>
    public string Old => Container + ".old";

    /// <summary>Where the progress is noted. As long as it is there, the volume cannot be unlocked.</summary>
    public string Journal => Container + ".converting";

    /// <summary>Says that a conversion is under way, or was interrupted.</summary>
    /// <returns>What to do, as a sentence for the operator; or null.</returns>
    public string? FindUnfinished() => File.Exists(Journal)
        ? $"{Container} is being converted to LUKS: wait for it, or if it was interrupted, 'unlockctl convert' "
            + "finishes it ('unlockctl convert --abort' gives it up, and the old container is used on)"
        : null;

    /// <summary>The inode that a name has; null when there is no such file.</summary>
    internal static ulong? InodeOf(string path) => File.Exists(path) ? FileIdentity.Of(path).Inode : null;
}
