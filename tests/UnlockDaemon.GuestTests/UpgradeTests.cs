using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>The package is upgraded while the volume is unlocked: nothing is disturbed, and it can be locked.</summary>
public sealed class UpgradeTests(UpgradedGuest fixture) : IClassFixture<UpgradedGuest>, IAsyncLifetime
{
    private const string Undisturbed =
        "systemctl show -p InvocationID,MainPID mariadb utm5_core utm5_radius utm5_rfw; losetup -nl; "
            + "findmnt -n /var/secure";

    private const string Daemon = "dpkg-query -W -f '${Version}\n' unlockd; "
        + "tail -c 6 /proc/$(systemctl show -p MainPID --value unlockd)/exe";

    public async ValueTask InitializeAsync() => await RunAsync("""
        set -e
        [ "$(dpkg-query -W -f '${Version}${db:Status-Status}' unlockd)" != 99.0.0installed ] ||
            dpkg --force-downgrade -i /root/old.deb
        unlockctl unlock --passphrase-file /root/passphrase
        """);

    public async ValueTask DisposeAsync() =>
        await fixture.Guest.RunAsync("dpkg --configure unlockd; unlockctl lock", TimeSpan.FromMinutes(2));

    [Fact]
    public async Task LeavesTheVolumeMountedAndItsServicesAlone()
    {
        string before = await RunAsync(Undisturbed);
        await RunAsync("dpkg -i /root/new.deb");
        string daemon = await RunAsync(Daemon);
        string after = await RunAsync(Undisturbed);
        string status = await RunAsync("unlockctl status | head -n 1");
        await RunAsync("unlockctl lock");

        Assert.Equal("99.0.0\nnewer", daemon);
        Assert.Equal(before, after);
        Assert.Contains(": ready since", status, StringComparison.Ordinal);
        Assert.Equal("",
            await RunAsync("losetup -nl; ls /dev/mapper | grep -v control; grep secure /proc/self/mountinfo; true"));
    }

    [Fact]
    public async Task UnpackedAndNotConfiguredItLocks()
    {
        string before = await RunAsync(Undisturbed);
        await RunAsync("dpkg --unpack /root/new.deb");
        string after = await RunAsync(Undisturbed);
        string package = await RunAsync("dpkg-query -W -f '${db:Status-Status}' unlockd");
        await RunAsync("unlockctl status && unlockctl lock");

        Assert.Equal("unpacked", package);
        Assert.Equal(before, after);
        Assert.Equal("",
            await RunAsync("losetup -nl; ls /dev/mapper | grep -v control; grep secure /proc/self/mountinfo; true"));
    }

    [Fact]
    public async Task PurgedItTakesItsRecordsAlongAndNothingElse()
    {
        string left = await RunAsync("""
            mkdir -p /var/lib/unlockd-data
            echo kept | tee /var/lib/unlockd-data/filesystem-of-mine >/var/lib/unlockd/container
            mkdir -p /root/.ssh
            echo 'restrict,command="/usr/bin/unlockctl node" ssh-ed25519 AAAA unlockd-ganeti' >>/root/.ssh/authorized_keys
            ln -s /nowhere /etc/systemd/system/multi-user.target.wants/unlockd@gone.service
            dpkg --purge unlockd >/dev/null
            ! grep unlockd-ganeti /root/.ssh/authorized_keys
            ls /etc/systemd/system/multi-user.target.wants | grep @gone
            cat /var/lib/unlockd-data/* /var/lib/unlockd/*
            ls /etc/unlockd /etc/systemd/system/mariadb.service.d
            systemctl is-active mariadb; findmnt -no TARGET /var/secure; ls /var/secure | grep -c mysql
            rm -r /var/lib/unlockd-data /var/lib/unlockd/container
            dpkg -i /root/old.deb >/dev/null 2>&1; unlockctl apply >/dev/null
            """);
        Assert.Equal("kept\nkept\n/etc/unlockd:\nunlockd.yaml\nactive\n/var/secure\n1", left);
    }

    private async Task<string> RunAsync(string command) => (await fixture.Guest.RunAsync(
        command, TimeSpan.FromMinutes(3), cancellationToken: TestContext.Current.CancellationToken)).Require();
}
