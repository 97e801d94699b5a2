using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>The billing stand-in behaves as tests/fixtures/billing/README.md says.</summary>
[Collection(GuestCollection.Name)]
public sealed class BillingTests(BootedGuest booted)
{
    private const string StartMySql = """
        set -e
        mount -t tmpfs none /var/secure
        trap 'systemctl stop utm5_rfw utm5_radius utm5_core mariadb; umount /var/secure' EXIT
        tar -C /var/secure -xzf /usr/share/unlockd-test/mysql-data.tar.gz
        systemctl start mariadb

        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CoreFailsWithoutMySql()
    {
        CommandResult result = await RunAsync("systemctl start utm5_core");
        Assert.NotEqual(0, result.ExitCode);
        // The guest is shared: a unit that stays failed would be seen by other tests.
        string log = (await RunAsync(
            "systemctl reset-failed utm5_core && journalctl -b -u utm5_core --output cat")).Require();
        Assert.Contains("MySQL does not answer", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CoreIsStartedBeforeItsPortIsOpen()
    {
        string seen = (await RunAsync(StartMySql + """
            port_open() { (: </dev/tcp/127.0.0.1/11758) 2>/dev/null; }
            # Late enough that a slow machine has looked before the port opens.
            sed -i 's/^core_delay = .*/core_delay = 12/' /netup/utm5/utm5.cfg
            systemctl start utm5_core
            if port_open; then echo open; else echo closed; fi
            ! systemctl start utm5_radius 2>/dev/null || echo radius started
            sed -i 's/^core_delay = .*/core_delay = 1.5/' /netup/utm5/utm5.cfg
            until port_open; do sleep 0.1; done
            systemctl start utm5_radius utm5_rfw
            systemctl is-active utm5_core utm5_radius utm5_rfw
            """)).Require();
        Assert.Equal("closed\nactive\nactive\nactive", seen);
    }

    [Fact]
    public async Task CoreWritesTheSameRowsIntoMySqlAndTheRawFile()
    {
        string seen = (await RunAsync(StartMySql + """
            systemctl start utm5_core
            until [ "$(cat /var/secure/utm5/iptraffic_raw_*.utm 2>/dev/null | wc -l)" -ge 3 ]; do sleep 0.1; done
            systemctl stop utm5_core
            cat /var/secure/utm5/iptraffic_raw_*.utm >/tmp/raw
            mariadb --batch --skip-column-names -e 'SELECT sequence, bytes FROM traffic ORDER BY id' UTM5 |
                tr '\t' ' ' | diff /tmp/raw - && echo same
            systemctl is-active mariadb
            """)).Require();
        Assert.Equal("same\nactive", seen);
    }

    private Task<CommandResult> RunAsync(string command) =>
        booted.Guest.RunAsync(command, cancellationToken: Cancellation);
}
