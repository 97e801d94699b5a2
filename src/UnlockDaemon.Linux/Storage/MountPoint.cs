using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A directory that a file system is mounted on.</summary>
/// <param name="Path">The directory.</param>
public sealed record MountPoint(string Path)
{
    private static readonly Dictionary<string, ulong> s_flags = new(StringComparer.Ordinal)
    {
        ["ro"] = LibC.MS_RDONLY,
        ["nosuid"] = LibC.MS_NOSUID,
        ["nodev"] = LibC.MS_NODEV,
        ["noexec"] = LibC.MS_NOEXEC,
        ["sync"] = LibC.MS_SYNCHRONOUS,
        ["dirsync"] = LibC.MS_DIRSYNC,
        ["noatime"] = LibC.MS_NOATIME,
        ["nodiratime"] = LibC.MS_NODIRATIME,
        ["relatime"] = LibC.MS_RELATIME,
        ["strictatime"] = LibC.MS_STRICTATIME,
        ["lazytime"] = Mount.MS_LAZYTIME,
        ["nosymfollow"] = Mount.MS_NOSYMFOLLOW,
        ["iversion"] = LibC.MS_I_VERSION,
        ["silent"] = LibC.MS_SILENT,
        ["rw"] = 0,
        ["suid"] = 0,
        ["dev"] = 0,
        ["exec"] = 0,
        ["async"] = 0,
        ["defaults"] = 0,
    };

    /// <summary>The options that are flags of mount(2), and those that say what the kernel does anyway.</summary>
    internal static IReadOnlyDictionary<string, ulong> Flags => s_flags;

    /// <summary>What is mounted there now, or null.</summary>
    public MountEntry? Current => MountTable.Find(Path);

    /// <summary>Mounts a file system.</summary>
    /// <param name="device">The device it lies on.</param>
    /// <param name="type">Its type.</param>
    /// <param name="options">
    /// Options as in fstab(5): those mount(2) has flags for, the rest goes to the file system.
    /// </param>
    /// <exception cref="LinuxException">mount(2) failed.</exception>
    public void Attach(string device, string type, IEnumerable<string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ulong flags = 0;
        List<string> data = [];
        foreach (string option in options)
        {
            if (s_flags.TryGetValue(option, out ulong flag))
                flags |= flag;
            else
                data.Add(option);
        }

        if (Mount.mount(device, Path, type, flags, data.Count == 0 ? null : string.Join(',', data)) != 0)
            throw LinuxException.FromLastError($"mount {device} on", Path);
    }

    /// <summary>Unmounts what is mounted there; never lazily.</summary>
    /// <returns>False when something still uses it.</returns>
    /// <exception cref="LinuxException">umount2(2) failed for another reason.</exception>
    public bool TryDetach()
    {
        if (Mount.umount2(Path, LibC.UMOUNT_NOFOLLOW) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == LibC.EBUSY
            ? false
            : throw LinuxException.FromLastError("unmount", Path);
    }

    /// <summary>Writes what the kernel holds back of the mounted file system.</summary>
    /// <exception cref="LinuxException">A write failed.</exception>
    public void Sync()
    {
        using SafeFileHandle directory = Fcntl.Open(Path, LibC.O_RDONLY | LibC.O_DIRECTORY);
        if (Unistd.syncfs(directory) != 0)
            throw LinuxException.FromLastError("write back", Path);
    }

    /// <summary>
    /// Makes the bare directory immutable, so that nothing can be written under the mount while it is away. Files that
    /// are there already may be in use: then it stays as it is.
    /// </summary>
    /// <returns>
    /// False when it is not empty or not there, the file system below knows no such flag (tmpfs) or is read-only, or for
    /// any other reason: it is one more safeguard, and nothing hangs on it.
    /// </returns>
    public unsafe bool TrySetImmutable()
    {
        using SafeFileHandle directory = Fcntl.open(Path, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_CLOEXEC, 0);
        if (directory.IsInvalid || !IsEmpty())
            return false;
        // SAFETY: both requests are given the address of an int, whatever size their numbers speak of.
        int flags;
        if (Ioctl.ioctl(directory, Fs.FS_IOC_GETFLAGS, &flags) != 0)
            return false;
        if ((flags & Fs.FS_IMMUTABLE_FL) != 0)
            return true;
        flags |= Fs.FS_IMMUTABLE_FL;
        return Ioctl.ioctl(directory, Fs.FS_IOC_SETFLAGS, &flags) == 0;
    }

    private bool IsEmpty()
    {
        try
        {
            return !Directory.EnumerateFileSystemEntries(Path).Any();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Its path; what a record shows by itself would open the device.</summary>
    public override string ToString() => Path;
}

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
