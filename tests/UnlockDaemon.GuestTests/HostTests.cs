using System.Text.Json;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>What the daemon and systemd tell each other, and what the journal gets.</summary>
public sealed class HostTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    private const string Pid = "systemctl show -p MainPID --value unlockd";

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            rm -rf /run/systemd/system/unlockd.service.d /run/systemd/system/mariadb.service.d/slow.conf
            systemctl daemon-reload; systemctl restart unlockd
            """, TimeSpan.FromMinutes(2), cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task SocketAnswersAsSoonAsTheUnitIsUp()
    {
        string answers = await RunAsync("""
            for i in 1 2 3; do systemctl restart unlockd; unlockctl status >/dev/null; echo $?; done
            systemctl show -p StatusText --value unlockd
            """);
        Assert.Equal("3\n3\n3\nlocked", answers);
    }

    [Fact]
    public async Task JournalHasTheFieldsThatPeopleLookFor()
    {
        await UnlockAsync();
        string line = await RunAsync(
            "journalctl --sync; journalctl -b UNLOCKD_SERVICE=mysql -o json -n 1; "
            + "journalctl -b -u mariadb -o cat | grep -c '^mysql: ready'; "
            + "journalctl -b UNLOCKD_STATE=ready UNLOCKD_INSTANCE=unlockd -o cat -n 1");
        string[] lines = line.Split('\n');
        JsonElement entry = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal("6", entry.GetProperty("PRIORITY").GetString());
        Assert.Equal("unlockd", entry.GetProperty("SYSLOG_IDENTIFIER").GetString());
        Assert.Equal("unlockd.service", entry.GetProperty("_SYSTEMD_UNIT").GetString());
        Assert.Equal("mariadb.service", entry.GetProperty("UNLOCKD_UNIT").GetString());
        Assert.StartsWith("mysql: ready after", entry.GetProperty("MESSAGE").GetString(), StringComparison.Ordinal);
        Assert.NotEqual("0", lines[1]);
        Assert.Equal("ready: all services are ready", lines[2]);
    }

    [Fact]
    public async Task ADaemonThatHangsIsStartedAnewAndAnIdleOneIsNot()
    {
        await BiteAsync(seconds: 4);
        string idle = await RunAsync($"a=$({Pid}); sleep 12; [ $a = $({Pid}) ] && echo same");
        Assert.Equal("same", idle);
        string hung = await RunAsync($"""
            a=$({Pid}); kill -STOP $a
            timeout 60 sh -c 'until unlockctl status --json 2>/dev/null | grep -q locked && [ '$a' != $({Pid}) ]
                do sleep 0.5; done' && echo anew
            journalctl --sync; journalctl -b -u unlockd -o cat | grep -ci watchdog
            """);
        Assert.StartsWith("anew\n", hung, StringComparison.Ordinal);
        Assert.DoesNotContain("anew\n0", hung, StringComparison.Ordinal);
    }

    /// <summary>A lock that waits for a service far longer than the watchdog does is at work all the same.</summary>
    [Fact]
    public async Task ALongLockIsNotTakenForAHang()
    {
        await UnlockAsync();
        await BiteAsync(seconds: 4);
        string seen = await RunAsync($"""
            mkdir -p /run/systemd/system/mariadb.service.d
            printf '[Service]\nExecStop=/bin/sleep 15\n' >/run/systemd/system/mariadb.service.d/slow.conf
            systemctl daemon-reload
            a=$({Pid}); unlockctl lock >/dev/null; echo $?; [ $a = $({Pid}) ] && echo same
            """);
        Assert.Equal("0\nsame", seen);
    }

    [Fact]
    public async Task ConfigurationThatCannotBeReadIsTriedAgainAndAWrongOneIsNot()
    {
        string seen = await RunAsync("""
            exec 2>/dev/null
            cd /etc/unlockd; cp -p unlockd.yaml /root/saved.yaml; systemctl stop unlockd
            rm unlockd.yaml; unlockd; echo $?
            mkdir unlockd.yaml; unlockd; echo $?; rmdir unlockd.yaml
            sed s/mount_point/mount_pont/ /root/saved.yaml >unlockd.yaml; unlockd; echo $?
            mv /root/saved.yaml unlockd.yaml; systemctl start unlockd
            """);
        Assert.Equal("1\n1\n78", seen);
    }

    private Task<string> BiteAsync(int seconds) => RunAsync($"""
        mkdir -p /run/systemd/system/unlockd.service.d
        printf '[Service]\nWatchdogSec={seconds}\n' >/run/systemd/system/unlockd.service.d/watchdog.conf
        systemctl daemon-reload
        systemctl restart unlockd
        """);
}
