using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>XFS on the volume; xfsprogs is the witness.</summary>
public sealed class XfsTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    // mkfs.xfs makes nothing smaller than 300 MiB.
    private const string Make = $"""
        set -e
        truncate -s 340M /var/other_file
        {LuksFormat} /var/other_file /root/other
        cryptsetup open --key-file /root/other /var/other_file other
        mkfs.xfs -q /dev/mapper/other
        cryptsetup close other
        """;

    [Fact]
    public async Task UnlocksAndIsCleanAfterTheLock()
    {
        await ConfigureAsync("filesystem: xfs");
        await RunAsync(Make);
        await UnlockOtherAsync();
        string type = await RunAsync("findmnt -n -o FSTYPE,SOURCE /var/other | tr -s ' '");
        string whileMounted = await RunAsync(
            "echo synced >/var/other/row; sync; xfs_logprint -t /dev/mapper/unlockd-other 2>&1 | "
                + "grep -o 'state: <.*>'");
        await RunAsync("echo unsynced >/var/other/row; unlockctl lock --certificate /root/certificate");
        string certificate = await RunAsync("cat /root/certificate");
        string left = await FindLeftoversAsync();
        string seen = await RunAsync("""
            cryptsetup open --key-file /root/other /var/other_file other
            xfs_logprint -t /dev/mapper/other 2>&1 | grep -o 'state: <.*>'
            xfs_repair -n /dev/mapper/other >/dev/null 2>&1; echo repair $?
            mount -o ro,norecovery /dev/mapper/other /mnt/prepare && cat /mnt/prepare/row
            umount /mnt/prepare; cryptsetup close other
            """);

        Assert.Equal("xfs /dev/mapper/unlockd-other", type);
        Assert.Equal("state: <DIRTY>", whileMounted);
        Assert.DoesNotContain("\"ok\":false", certificate, StringComparison.Ordinal);
        Assert.DoesNotContain("state clean", certificate, StringComparison.Ordinal);
        Assert.Equal("", left);
        Assert.Equal("state: <CLEAN>\nrepair 0\nunsynced", seen);
    }

    /// <summary>
    /// As after a crash of the node: what was synced is in the log alone, and the mount puts it in place.
    /// </summary>
    [Fact]
    public async Task DirtyLogIsReplayedWithoutAPerson()
    {
        await ConfigureAsync("filesystem: xfs");
        await RunAsync(Make);
        await UnlockOtherAsync();
        await RunAsync("echo synced >/var/other/row; sync /var/other/row; unlockctl panic");
        string dirty = await RunAsync("""
            cryptsetup open --key-file /root/other /var/other_file other
            xfs_logprint -t /dev/mapper/other 2>&1 | grep -o 'state: <.*>'
            cryptsetup close other
            """);
        await UnlockOtherAsync();
        string row = await RunAsync("cat /var/other/row");
        await RunAsync("unlockctl lock --certificate /root/certificate");

        Assert.Equal("state: <DIRTY>", dirty);
        Assert.Equal("synced", row);
    }

    [Fact]
    public async Task DamageNeedsAPersonAndUnlocksAfterTheRepair()
    {
        await ConfigureAsync("filesystem: xfs");
        await RunAsync(Make);
        await RunAsync("""
            set -e
            cryptsetup open --key-file /root/other /var/other_file other
            root=$(xfs_db -r -c 'sb 0' -c 'print rootino' /dev/mapper/other | tr -cd '0-9')
            xfs_db -x -c "inode $root" -c 'write -d core.magic 0' /dev/mapper/other
            cryptsetup close other
            """);
        CommandResult refused = await TryUnlockAsync();
        string? state = await StateAsync();
        await RunAsync("xfs_repair /dev/mapper/unlockd-other 2>&1");
        string unlocked = await RunAsync("unlockctl unlock && findmnt -n -o FSTYPE /var/other");

        Assert.Equal(1, refused.ExitCode);
        Assert.Matches(@"\(xfs_repair -n: .*inode.*\)", refused.Error);
        Assert.Contains("run 'xfs_repair /dev/mapper/unlockd-other', then 'unlockctl unlock'", refused.Error,
            StringComparison.Ordinal);
        Assert.Equal("failed", state);
        Assert.EndsWith("xfs", unlocked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongTypeInTheConfigurationIsSaid()
    {
        await ConfigureAsync("filesystem: ext4");
        await RunAsync(Make);
        CommandResult refused = await TryUnlockAsync();
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("it is xfs, and volume.filesystem says ext4", refused.Error, StringComparison.Ordinal);
        Assert.Equal("locked", await StateAsync());
        Assert.Equal("", await FindLeftoversAsync());
    }
}
