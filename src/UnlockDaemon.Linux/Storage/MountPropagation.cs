namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// Tells which mounts of other mount namespaces go away with one of ours. Source: mount_namespaces(7).
/// </summary>
/// <remarks>
/// Most services that systemd confines have a mount namespace of their own, whose mounts follow the system's: those
/// hold nothing. A private copy does, and so does a bind mount in such a namespace: an unmount goes to the same place
/// of the mounts that follow the one below, and to no other.
/// </remarks>
internal sealed class MountPropagation
{
    private readonly HashSet<int> _followers = [];
    private readonly string _place = "";

    /// <summary>Follows the peer groups from the mount below on.</summary>
    /// <param name="mount">The mount that will be taken away.</param>
    /// <param name="own">The mounts of its namespace.</param>
    /// <param name="others">The mounts of all other namespaces.</param>
    internal MountPropagation(MountEntry mount, IReadOnlyList<MountEntry> own, IEnumerable<MountEntry> others)
    {
        if (Below(mount, own) is not { PeerGroup: not 0 } below)
            return;
        _place = Place(mount, below);
        _followers.Add(below.PeerGroup);
        MountEntry[] copies =
            [.. own.Concat(others).Where(entry => entry.Device == below.Device && entry.PeerGroup != 0)];
        while (Array.Exists(copies, entry => _followers.Contains(entry.Master) && _followers.Add(entry.PeerGroup)))
        {
            // Whoever follows a follower may have been looked at before it.
        }
    }

    /// <summary>Whether a mount in another namespace goes away by itself.</summary>
    /// <param name="entry">The mount.</param>
    /// <param name="table">The mounts of its namespace.</param>
    internal bool Reaches(MountEntry entry, IReadOnlyList<MountEntry> table) =>
        Below(entry, table) is { } below
        && (_followers.Contains(below.PeerGroup) || _followers.Contains(below.Master))
        && Place(entry, below) == _place;

    private static MountEntry? Below(MountEntry mount, IReadOnlyList<MountEntry> table) =>
        table.FirstOrDefault(entry => entry.Id == mount.Parent);

    /// <summary>The directory that is mounted on, as the file system below names it.</summary>
    private static string Place(MountEntry mount, MountEntry below) =>
        below.Root.TrimEnd('/') + mount.MountPoint[below.MountPoint.TrimEnd('/').Length..];
}
