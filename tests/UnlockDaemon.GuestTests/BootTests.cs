using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>The guest itself, before anything of ours is tried in it.</summary>
[Collection(GuestCollection.Name)]
public sealed class BootTests(BootedGuest booted)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunsWithoutFailedUnits()
    {
        CommandResult state = await booted.Guest.RunAsync("systemctl is-system-running",
            cancellationToken: Cancellation);
        Assert.Equal("running", state.Require());
    }

    [Fact]
    public async Task AnswersOverSsh()
    {
        CommandResult result = await booted.Guest.SshAsync("hostname; cat", "typed"u8.ToArray(),
            cancellationToken: Cancellation);
        Assert.Equal("inst1\ntyped", result.Require());
    }

    [Fact]
    public async Task RunsMariaDbOnAPlainDirectory()
    {
        CommandResult result = await booted.Guest.RunAsync("""
            set -e
            mount -t tmpfs none /var/secure
            trap 'systemctl stop mariadb; umount /var/secure' EXIT
            tar -C /var/secure -xzf /usr/share/unlockd-test/mysql-data.tar.gz
            systemctl start mariadb
            mariadb -N -e 'INSERT INTO traffic (sequence, bytes) VALUES (1, 2); SELECT COUNT(*) FROM traffic' UTM5
            """, cancellationToken: Cancellation);
        Assert.Equal("1", result.Require());
    }
}
