using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// With lock.keep_key a planned migration wakes nobody; without, and in every other lock, no key stays.
/// </summary>
public sealed class KeepKeyTests(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    private const string FindKey = "grep 'user *unlockd:unlockd-secure' /proc/keys | grep -v ' expd ' | "
        + "grep -vE '^[0-9a-f]+ .{0,6}R'; true";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await RunAsync("cp /etc/unlockd/unlockd.yaml /root/usual.yaml");
    }

    protected override string WayBack =>
        $"{base.WayBack}\nmv /root/usual.yaml /etc/unlockd/unlockd.yaml; systemctl restart unlockd";

    [Fact]
    public async Task ReleaseUnlocksByItselfWhileTheKeyIsKept()
    {
        await ConfigureAsync("lock: { keep_key: 10m }");
        await UnlockAsync();
        string progress = await RunAsync("unlockctl lock --hold --reason migration");
        Assert.Contains("keeps one for a while", progress, StringComparison.Ordinal);
        // A node that asks for a certificate of its own during the hold leaves the hold, and its key, alone.
        await RunAsync("unlockctl lock");
        Assert.NotEqual("", await RunAsync(FindKey));
        await RunAsync("unlockctl release; for i in $(seq 200); do unlockctl status >/dev/null && break; "
            + "sleep 0.1; done");
        Assert.Equal("ready", await StateAsync());
        // It has no limit any more: the next migration may be on another day.
        Assert.Contains(" perm ", await RunAsync(FindKey), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyIsWipedByALockWithoutHold()
    {
        await ConfigureAsync("lock: { keep_key: 10m }");
        await UnlockAsync();
        Assert.NotEqual("", await RunAsync(FindKey));
        await RunAsync("unlockctl lock");
        Assert.Equal("", await RunAsync(FindKey));
    }

    [Fact]
    public async Task KeyOfAUserIsNotTakenForIt()
    {
        string pid = await RunAsync("""
            setpriv --reuid nobody --clear-groups keyctl session - sh -c '
                keyctl setperm $(keyctl add user unlockd:unlockd-secure "the key of a user" @s) 0x3f3f3f3f
                exec sleep 1000' >/root/foreign 2>&1 & echo $!
            for i in $(seq 100); do grep -q unlockd:unlockd-secure /proc/keys && exit; sleep 0.1; done
            cat /root/foreign; exit 1
            """);
        CommandResult unlock = await TryAsync("unlockctl unlock </dev/null");
        await RunAsync($"kill {pid}; rm /root/foreign");
        Assert.Contains("passphrase", unlock.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("permitted", unlock.Error, StringComparison.Ordinal);
        Assert.Equal("locked", await StateAsync());
    }

    [Fact]
    public async Task KeyIsWipedByALockThatCannotDetach()
    {
        await ConfigureAsync("lock: { keep_key: 10m }");
        await UnlockAsync();
        // After the look ahead, which would find it.
        await RunAsync("""
            mkdir -p /run/systemd/system/utm5_rfw.service.d
            cat >/run/systemd/system/utm5_rfw.service.d/test.conf <<END
            [Service]
            ExecStopPost=/usr/bin/systemd-run -q --unit=late \
                sh -c 'exec sleep 1000 <$(losetup -nO NAME -j /var/encrypt_file)'
            END
            systemctl daemon-reload
            """);
        CommandResult locked = await TryAsync("unlockctl lock --hold --reason migration");
        string key = await RunAsync(FindKey);
        await RunAsync("systemctl stop late; rm -r /run/systemd/system/utm5_rfw.service.d; systemctl daemon-reload; "
            + "unlockctl lock");

        Assert.Equal(1, locked.ExitCode);
        Assert.Contains("/dev/loop", locked.Error, StringComparison.Ordinal);
        Assert.Equal("", key);
    }

    [Fact]
    public async Task KeyIsWipedWhenItsTimeIsOver()
    {
        await ConfigureAsync("lock: { keep_key: 2s }");
        await UnlockAsync();
        await RunAsync("unlockctl lock --hold --reason migration");
        // The kernel's timer gives no event.
        await RunAsync($"while [ -n \"$({FindKey})\" ]; do sleep 0.2; done");
        await RunAsync("unlockctl release");
        Assert.Equal("locked", await StateAsync());
    }

    [Fact]
    public async Task KeyIsWipedByAPanic()
    {
        await ConfigureAsync("lock: { keep_key: 10m }");
        await UnlockAsync();
        await RunAsync("unlockctl panic");
        Assert.Equal("", await RunAsync(FindKey));
    }

    [Fact]
    public async Task KeyIsWipedWhenTheVolumeIsOpenedAndNotMounted()
    {
        await ConfigureAsync("lock: { keep_key: 10m }");
        await RunAsync("sed -i 's/filesystem: .*/filesystem: xfs/' /etc/unlockd/unlockd.yaml; "
            + "systemctl restart unlockd");
        CommandResult unlock = await TryAsync("unlockctl unlock --passphrase-file /root/passphrase");
        Assert.Contains("says xfs", unlock.Error, StringComparison.Ordinal);
        Assert.Equal("", await RunAsync(FindKey));
    }

    [Fact]
    public async Task NoKeyIsKeptUnlessConfigured()
    {
        await UnlockAsync();
        Assert.Equal("", await RunAsync(FindKey));
        await RunAsync("unlockctl lock --hold --reason migration");
        Assert.Equal("", await RunAsync(FindKey));
    }

    private Task<string> ConfigureAsync(string lines) => RunAsync($"""
        sed '/^lock:/,$d' /root/usual.yaml >/etc/unlockd/unlockd.yaml
        echo '{lines}' >>/etc/unlockd/unlockd.yaml
        systemctl restart unlockd
        """);
}
