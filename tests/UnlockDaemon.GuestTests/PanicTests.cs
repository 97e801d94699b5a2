using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>An emergency: the key first, whatever runs.</summary>
public sealed class PanicTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    // Writers that keep the volume busy, a file that is on the disk for certain, and the time until no key is left.
    private const string Panic = """
        dd if=/dev/urandom of=/var/secure/kept bs=64k count=16 conv=fsync 2>/dev/null
        sha256sum /var/secure/kept >/root/kept.sum
        for i in 1 2 3; do
            setsid sh -c "while :; do dd if=/dev/zero of=/var/secure/busy$i bs=1M count=12; done" >/dev/null 2>&1 &
        done
        sleep 2
        unlockctl panic >/root/panic.out 2>&1; echo $?
        """;

    [Fact]
    public async Task TakesTheKeyOutWhileWritersRun()
    {
        await UnlockAsync();
        string exit = await RunAsync(Panic);
        await RunAsync("pkill -f 'of=/var/secure/bus[y]'; true");
        string output = await RunAsync("cat /root/panic.out");
        TestContext.Current.TestOutputHelper?.WriteLine(output);

        Assert.Contains("is out of the kernel's memory", output, StringComparison.Ordinal);
        Assert.Equal("",
            await RunAsync("dmsetup table --showkeys 2>/dev/null | grep crypt; grep cryptsetup: /proc/keys; true"));
        // Writers that are nobody's service may keep the mount; they are named, not killed.
        if (exit.Trim() != "0")
            await RunAsync("unlockctl lock || [ $? = 1 ]");
        await ExpectKeptAsync();
    }

    [Fact]
    public async Task WorksWithAWedgedDaemon()
    {
        await UnlockAsync();
        await RunAsync("dd if=/dev/urandom of=/var/secure/kept bs=64k count=16 conv=fsync 2>/dev/null; "
            + "sha256sum /var/secure/kept >/root/kept.sum");
        await RunAsync("systemctl kill -s STOP --kill-whom=main unlockd");
        string output = await RunAsync("unlockctl panic 2>&1");
        Assert.Contains("without it", output, StringComparison.Ordinal);
        Assert.Contains("is out of the kernel's memory", output, StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
        await RunAsync("until unlockctl status >/dev/null || [ $? != 4 ]; do sleep 0.1; done");
        Assert.Equal("locked", await StateAsync());
        await ExpectKeptAsync();
    }

    [Fact]
    public async Task WorksWithTheDaemonStopped()
    {
        await UnlockAsync();
        await RunAsync("systemctl stop unlockd; findmnt /var/secure");
        CommandResult panic = await TryAsync("unlockctl panic");
        string left = await KernelStateAsync();
        await RunAsync("systemctl start unlockd");

        Assert.Equal(0, panic.ExitCode);
        Assert.Equal("", left);
    }

    [Fact]
    public async Task WorksWhereItCannotSaySo()
    {
        await UnlockAsync();
        await RunAsync("unlockctl panic >/dev/full");
        Assert.Equal("", await KernelStateAsync());
        Assert.Equal("locked", await StateAsync());
    }

    [Fact]
    public async Task EndsALockThatWaitsForAService()
    {
        await UnlockAsync();
        // The service does not stop; a lock waits for it until its deadline.
        string said = await RunAsync("""
            mkdir -p /run/systemd/system/utm5_rfw.service.d
            cat >/run/systemd/system/utm5_rfw.service.d/test.conf <<'END'
            [Service]
            TimeoutStopSec=infinity
            ExecStop=/bin/sh -c 'trap "" TERM; while :; do sleep 1000; done'
            END
            systemctl daemon-reload
            unlockctl lock --deadline 100s >/root/lock.out 2>&1 & lock=$!
            until [ "$(systemctl show -P ActiveState utm5_rfw)" = deactivating ]; do sleep 0.1; done
            begin=$SECONDS; unlockctl panic >/root/panic.out 2>&1; echo "panic $?"
            wait $lock; [ $((SECONDS - begin)) -lt 60 ] && echo in time
            rm -r /run/systemd/system/utm5_rfw.service.d; systemctl daemon-reload
            """);
        Assert.Equal("panic 0\nin time", said);
        Assert.Equal("", await KernelStateAsync());
        Assert.Equal("locked", await StateAsync());
        // Killed, it has failed, unless systemd stopped it a moment before.
        Assert.Contains(await RunAsync("systemctl is-active mariadb; true"), (string[])["inactive", "failed"]);
    }

    private async Task ExpectKeptAsync()
    {
        await UnlockAsync();
        Assert.Equal("/var/secure/kept: OK", await RunAsync("sha256sum -c /root/kept.sum"));
        await RunAsync("rm /var/secure/kept /var/secure/busy* 2>/dev/null; true");
        Assert.Equal("ready", await StateAsync());
    }
}
