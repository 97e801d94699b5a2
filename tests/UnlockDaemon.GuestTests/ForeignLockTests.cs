using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// A user without any rights holds locked what everybody may read, and puts programs where root happens to stand.
/// </summary>
public sealed class ForeignLockTests(UnlockdGuest fixture) : LightServiceTest(fixture)
{
    private const string Files = "/proc/keys /proc/swaps /proc/meminfo /proc/sys/kernel/random/boot_id "
        + "/sys/fs/cgroup/system.slice/sleeper.service/cgroup.events /etc/unlockd/unlockd.yaml";

    private const string Hold = $$"""
        for file in {{Files}}; do
            [ -e $file ] || continue
            setpriv --reuid=65534 --regid=65534 --clear-groups \
                flock -x $file sh -c "echo held >/dev/null; exec sleep 600" &
        done
        # Held: nobody else gets it.
        for file in {{Files}}; do
            [ ! -e $file ] || until ! flock -n -s $file true; do :; done
        done
        """;

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("pkill -KILL -u nobody; rm -rf /tmp/trap", cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task UnlockLockAndRestartGoOn()
    {
        await RunAsync("(" + Hold + ") >/dev/null 2>&1");
        await UnlockAsync();
        await RunAsync("systemctl restart unlockd");
        Assert.Equal("ready", await StateAsync());
        Assert.Contains("locked and proven", await RunAsync("unlockctl lock"), StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
    }

    [Fact]
    public async Task PanicTakesTheKeyOut()
    {
        await UnlockAsync();
        await RunAsync("(" + Hold + ") >/dev/null 2>&1");
        Assert.Contains("is out of the kernel's memory", await RunAsync("unlockctl panic"), StringComparison.Ordinal);
        Assert.Equal("", await KernelStateAsync());
    }

    /// <summary>The daemon is gone, so that unlockctl does all of it, and starts programs as the operator's root.</summary>
    [Fact]
    public async Task AProgramInTheCurrentDirectoryIsNotRun()
    {
        await UnlockAsync();
        string trapped = await RunAsync("""
            mkdir -m 777 /tmp/trap; cd /tmp/trap
            for name in swapoff umount e2fsck losetup gpg mkfs.ext4; do
                printf '#!/bin/sh\ntouch /tmp/trap/ran-%s\n' $name >$name; chmod 755 $name
            done
            systemctl stop unlockd
            PATH=.:$PATH unlockctl panic >/dev/null
            PATH=.:$PATH unlockctl create /var/trap.img --size 32M --iter-time 50 --passphrase-file /root/passphrase \
                >/dev/null
            rm -f /var/trap.img; systemctl start unlockd
            ls /tmp/trap | grep ran- || true
            """);
        Assert.Equal("", trapped);
    }
}
