using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>systemd or its bus is started anew while it starts or stops a service: nothing is lost.</summary>
public sealed class BusRestartTests(UnlockdGuest fixture) : LightServiceTest(fixture)
{
    // A job of this length is surely under way when the disturbance comes, and its end falls before, into and after the
    // time in which systemd is away.
    private const string SlowService = """
        set -e
        cat >/run/systemd/system/sleeper.service <<'END'
        [Service]
        Type=notify
        NotifyAccess=all
        ExecStart=/bin/sh -c 'sleep $(cat /run/slowness); systemd-notify --ready; exec sleep infinity'
        ExecStop=/bin/sh -c 'sleep $(cat /run/slowness)'
        END
        mkdir -p /run/systemd/system/dbus.service.d
        # So many restarts in so little time are the test's own.
        printf '[Unit]\nStartLimitIntervalSec=0\n' >/run/systemd/system/dbus.service.d/often.conf
        systemctl daemon-reload
        """;

    [Theory]
    [InlineData("systemctl daemon-reexec")]
    [InlineData("systemctl restart dbus.service")]
    [InlineData("systemctl kill --signal=KILL dbus.service")]
    public async Task LosesNoStartAndNoStop(string disturbance)
    {
        await RunAsync(SlowService);
        string rounds = await RunAsync($$"""
            # A short job may be over before it is seen.
            wait_for() {
                until [ "$(systemctl show --value -p ActiveState sleeper 2>/dev/null)" = $1 ]; do
                    kill -0 $2 2>/dev/null || return 0
                done
            }
            for slowness in 0.2 0.5 0.8 1.2 2.0; do
                echo $slowness >/run/slowness
                unlockctl unlock --passphrase-file /root/passphrase >/tmp/unlock 2>&1 & unlocking=$!
                wait_for activating $unlocking; {{disturbance}}
                wait $unlocking || { echo "$slowness: unlock ended with $?"; cat /tmp/unlock; exit 1; }
                unlockctl lock >/tmp/lock 2>&1 & locking=$!
                wait_for deactivating $locking; {{disturbance}}
                wait $locking || { echo "$slowness: lock ended with $?"; cat /tmp/lock; exit 1; }
            done
            echo whole
            """);
        Assert.Equal("whole", rounds);
        // What was followed still is.
        await UnlockAsync();
        await RunAsync("systemctl stop sleeper");
        await RunAsync("until unlockctl status | grep -q degraded; do :; done");
    }
}
