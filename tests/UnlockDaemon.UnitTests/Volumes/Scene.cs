using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Volumes;

/// <summary>A volume, and how the machine looks when it is so far up.</summary>
internal static class Scene
{
    internal static VolumeConfiguration Volume { get; } = new(
        "/var/encrypt_file", ContainerFormat.Luks, "/var/secure", FilesystemType.Ext4, [], null);

    internal static LoopFacts Loop { get; } = new("/dev/loop0", new(7, 0), 1 << 24, "/var/encrypt_file", IsWhole: true);

    internal static Snapshot Locked { get; } = new()
    {
        Container = new(ContainerKind.File, 1 << 24, 1 << 24, new FileIdentity(new(8, 1), 12), null),
    };

    internal static Snapshot Attached { get; } = Locked with { Loops = [Loop] };

    internal static Snapshot Mapped { get; } = Attached with
    {
        Mapping = new("/dev/mapper/unlockd-secure", new(253, 0), 1 << 23, false, true, Loop, []),
    };

    internal static Snapshot Mounted { get; } = Mapped with
    {
        Mount = new("/dev/mapper/unlockd-secure", "ext4", IsReadOnly: false, IsOurs: true),
    };
}
