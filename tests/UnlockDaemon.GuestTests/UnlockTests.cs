using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Unlocking and locking by command, and what the kernel and systemd have to say about it.</summary>
public sealed class UnlockTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    [Fact]
    public async Task StartsEverythingInOrderAndLocksItAgain()
    {
        string progress = await UnlockAsync();
        JsonElement status = await StatusAsync();
        string[] order = (await RunAsync("""
            for u in mariadb utm5_core utm5_radius utm5_rfw; do
                echo "$(systemctl show -p ActiveEnterTimestampMonotonic --value $u) $u"
            done | sort -n | cut -d' ' -f2
            """)).Split('\n');
        string rows = await RunAsync("mariadb -BN -e 'SELECT COUNT(*) >= 0 FROM traffic' UTM5");
        string locked = await RunAsync(
            "unlockctl lock --reason test --certificate /root/certificate && cat /root/certificate");

        Assert.Equal("ready", status.GetProperty("state").GetString());
        Assert.All(status.GetProperty("services").EnumerateArray(),
            static service => Assert.Equal("ready", service.GetProperty("state").GetString()));
        Assert.All(status.GetProperty("layers").EnumerateArray(),
            static layer => Assert.True(layer.GetProperty("up").GetBoolean()));
        Assert.Equal(["mariadb", "utm5_core"], order[..2]);
        Assert.Equal("1", rows);
        Assert.Contains("ready", progress, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"test\"", locked, StringComparison.Ordinal);
        Assert.DoesNotContain("\"ok\":false", locked, StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
        Assert.Equal("locked", await StateAsync());
    }

    [Fact]
    public async Task GatedServiceDoesNotStartWhileLockedAndSaysWhy()
    {
        // What a target wants, as it wants a service that is enabled, systemd does not forget at once.
        CommandResult start = await TryAsync("""
            wants=/run/systemd/system/multi-user.target.wants
            mkdir -p $wants; ln -s /lib/systemd/system/mariadb.service $wants; systemctl daemon-reload
            systemctl start mariadb 2>&1; echo code $?; systemctl status mariadb --no-pager
            rm $wants/mariadb.service; systemctl daemon-reload
            """);
        Assert.Contains("Assertion failed on job for mariadb.service", start.Output, StringComparison.Ordinal);
        Assert.Contains("AssertPathIsMountPoint=/var/secure was not met", start.Output, StringComparison.Ordinal);
        Assert.Contains("code 1", start.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongPassphraseLeavesNothingBehind()
    {
        CommandResult wrong = await TryAsync("printf nonsense | unlockctl unlock --passphrase-file -");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("wrong passphrase", wrong.Error, StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
        Assert.Equal(3, (await TryAsync("unlockctl status")).ExitCode);
    }

    [Fact]
    public async Task AnEmptyPassphraseIsAWrongOne()
    {
        CommandResult wrong = await TryAsync("unlockctl unlock --passphrase-file /dev/null");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("wrong passphrase", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnlockingAnUnlockedVolumeSucceedsAndDisturbsNothing()
    {
        await UnlockAsync();
        string before = await RunAsync("systemctl show -p MainPID --value mariadb");
        await RunAsync("unlockctl unlock");
        Assert.Equal(before, await RunAsync("systemctl show -p MainPID --value mariadb"));
    }

    [Fact]
    public async Task LockingALockedVolumeGivesACertificate()
    {
        string locked = await RunAsync("unlockctl lock --json --nonce abc");
        Assert.Contains("\"nonce\":\"abc\"", locked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailingServiceDegradesWithItsReasonAndIsTriedAgain()
    {
        await RunAsync("mv /netup/utm5/bin/utm5_core /netup/utm5/bin/away");
        try
        {
            CommandResult unlock = await TryAsync("unlockctl unlock --passphrase-file /root/passphrase");
            JsonElement status = await StatusAsync();
            Assert.Equal(1, unlock.ExitCode);
            Assert.Equal("degraded", status.GetProperty("state").GetString());
            JsonElement[] services = [.. status.GetProperty("services").EnumerateArray()];
            Assert.Equal("ready", services.First(s => s.GetProperty("name").GetString() == "mysql")
                .GetProperty("state").GetString());
            JsonElement core = services.First(s => s.GetProperty("name").GetString() == "utm5_core");
            Assert.Equal("failed", core.GetProperty("state").GetString());
            Assert.True(core.GetProperty("log").GetArrayLength() > 0);
        }
        finally
        {
            await RunAsync("mv /netup/utm5/bin/away /netup/utm5/bin/utm5_core");
        }

        await RunAsync("unlockctl unlock");
        Assert.Equal("ready", await StateAsync());
    }

    [Fact]
    public async Task LockedMountPointIsImmutable()
    {
        CommandResult write = await TryAsync("touch /var/secure/file");
        Assert.NotEqual(0, write.ExitCode);
        Assert.Contains("Operation not permitted", write.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ContainerIsAttachedOnceWithDirectIo()
    {
        await RunAsync("ln -f /var/encrypt_file /var/other_name && losetup /dev/loop5 /var/other_name");
        await UnlockAsync();
        string devices = await RunAsync("losetup -nl -O NAME | tr -d ' '");
        await RunAsync("unlockctl lock; rm /var/other_name");
        await UnlockAsync();
        string direct = await RunAsync("losetup -nl -O DIO | tr -d ' '");

        Assert.Equal("/dev/loop5", devices);
        Assert.Equal("1", direct);
    }

    [Theory]
    [InlineData("systemctl restart unlockd")]
    [InlineData("systemctl kill -s KILL --kill-whom=main unlockd; sleep 0.2; until unlockctl status >/dev/null || "
        + "[ $? != 4 ]; do sleep 0.1; done")]
    public async Task RestartOfTheDaemonDisturbsNothing(string restart)
    {
        await UnlockAsync();
        string before = await RunAsync(
            "systemctl show -p MainPID --value mariadb; stat -c %i /proc/1/ns/mnt; losetup -nl");
        await RunAsync(restart);
        await RunAsync("for i in $(seq 100); do unlockctl status >/dev/null && break; sleep 0.1; done");
        Assert.Equal("ready", await StateAsync());
        Assert.Equal(before,
            await RunAsync("systemctl show -p MainPID --value mariadb; stat -c %i /proc/1/ns/mnt; losetup -nl"));
        await RunAsync("unlockctl lock");
        Assert.Equal("", await KernelStateAsync());
    }

    [Fact]
    public async Task UncleanFilesystemIsCheckedAndMounted()
    {
        await UnlockAsync();
        await RunAsync("""
            systemctl stop utm5_rfw utm5_radius utm5_core mariadb
            umount /var/secure
            debugfs -w -R 'ssv state 0' /dev/mapper/unlockd-secure 2>&1
            """);
        CommandResult unproven = await TryAsync("unlockctl lock");
        Assert.Equal(1, unproven.ExitCode);
        Assert.Contains("ext4: not clean", unproven.Error, StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
        string progress = await UnlockAsync();
        Assert.Contains("was not unmounted cleanly", progress, StringComparison.Ordinal);
        Assert.Equal("ready", await StateAsync());
    }
}
