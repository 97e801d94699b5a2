using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Power-off of an unlocked instance leaves its volume whole; the daemon may be dead by then.</summary>
public sealed class PowerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("true")]
    [InlineData("systemctl mask --runtime unlockd && systemctl kill -s KILL --kill-whom=main unlockd")]
    public async Task UnlockedVolumeIsCleanAfterPowerOff(string before)
    {
        await using Guest guest = await UnlockdGuest.BootAsync(new GuestOptions { Name = "power" });
        (await guest.RunAsync("unlockctl unlock --passphrase-file /root/passphrase && " + before,
            TimeSpan.FromMinutes(2), cancellationToken: Cancellation)).Require();
        (await guest.RunAsync("mariadb -e 'INSERT INTO traffic (sequence, bytes) VALUES (424242, 1)' UTM5; "
            + "echo unsynced >/var/secure/unsynced",
            cancellationToken: Cancellation)).Require();
        await guest.PowerOffAsync(TimeSpan.FromMinutes(1), Cancellation);

        GuestDisk disk = await guest.Disk.CopyAsync(Cancellation);
        await using Guest after = await Guest.BootAsync(disk, new GuestOptions { Name = "after" }, Cancellation);
        CommandResult seen = await after.RunAsync("""
            modprobe -a loop dm_crypt
            cryptsetup open --key-file /root/passphrase /var/encrypt_file look
            dumpe2fs -h /dev/mapper/look 2>/dev/null | grep -E 'Filesystem (state|features)'
            cryptsetup close look
            unlockctl unlock --passphrase-file /root/passphrase >/dev/null && cat /var/secure/unsynced
            mariadb -BN -e 'SELECT bytes FROM traffic WHERE sequence = 424242' UTM5
            """, TimeSpan.FromMinutes(2), cancellationToken: Cancellation);
        Assert.DoesNotContain("needs_recovery", seen.Output, StringComparison.Ordinal);
        Assert.Contains("clean", seen.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("not clean", seen.Output, StringComparison.Ordinal);
        Assert.EndsWith("unsynced\n1\n", seen.Output, StringComparison.Ordinal);
    }
}
