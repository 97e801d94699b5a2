namespace UnlockDaemon.Linux.Storage;

/// <summary>Tells which mounts of other mount namespaces go away with one of ours. Source: mount_namespaces(7).</summary>
/// <remarks>
/// Most services that systemd confines have a mount namespace of their own, whose mounts follow the system's: those
/// hold nothing. A private copy does.
/// </remarks>
internal sealed class MountPropagation
{
    private readonly HashSet<int> _followers = [];

    /// <summary>Follows the peer groups from a mount on.</summary>
    /// <param name="mount">The mount that will be taken away.</param>
    /// <param name="all">The mounts of all namespaces of the same file system.</param>
    internal MountPropagation(MountEntry mount, IReadOnlyList<MountEntry> all)
    {
        if (mount.PeerGroup == 0)
            return;
        _followers.Add(mount.PeerGroup);
        bool grew = true;
        while (grew)
        {
            grew = false;
            foreach (MountEntry entry in all)
                grew |= _followers.Contains(entry.Master) && entry.PeerGroup != 0 && _followers.Add(entry.PeerGroup);
        }
    }

    /// <summary>Whether a mount in another namespace goes away by itself.</summary>
    internal bool Reaches(MountEntry entry) => _followers.Contains(entry.PeerGroup) || _followers.Contains(entry.Master);
}
