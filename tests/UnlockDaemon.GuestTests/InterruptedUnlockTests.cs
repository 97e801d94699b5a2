using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A panic or a lock that comes while the key is being derived, which takes seconds.</summary>
public sealed class InterruptedUnlockTests(UnlockdGuest fixture) : OtherVolumeTest(fixture), IAsyncLifetime
{
    // Made and opened by its volume key, so that only unlockd's own unlocks take their time.
    private const string Make = """
        set -e
        truncate -s 32M /var/other_file
        head -c 64 /dev/urandom >/root/volume_key
        cryptsetup luksFormat -q --key-size 512 --volume-key-file /root/volume_key --pbkdf pbkdf2 --iter-time 9000 \
            /var/other_file /root/other
        cryptsetup open --volume-key-file /root/volume_key /var/other_file other
        mkfs.ext4 -q /dev/mapper/other
        cryptsetup close other
        rm /root/volume_key
        """;

    private const string Begin = """
        unlockctl unlock --passphrase-file /root/other >/root/said 2>&1 &
        until unlockctl status --json | grep -q '"state":"unlocking"'; do :; done

        """;

    // The unlock goes on to a service that is never ready; the lock must not wait for that.
    private const string Never = """
        printf '[Service]\nExecStart=/bin/sleep infinity\n' >/run/systemd/system/never.service
        systemctl daemon-reload
        cat >>/etc/unlockd/unlockd.yaml <<'YAML'
        services:
          never: { unit: never.service, ready: "exec:/bin/false", timeout: 5m }
        YAML
        systemctl restart unlockd
        """;

    protected override string WayBack =>
        $"{base.WayBack}\nrm -f /run/systemd/system/never.service; systemctl daemon-reload";

    [Fact]
    public async Task NothingOfItIsLeft()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        // Its exit code depends on who ends first: it does not say that all is down while the unlock is not over. On a
        // busy machine it may take the daemon for one that is stuck, and have it started again.
        await TryAsync($"{Begin}unlockctl panic; wait; until unlockctl status >/dev/null || [ $? != 4 ]; do :; done");
        string afterPanic = await FindLeftoversAsync();
        // Not proven where the panic came after the mapping was made: no superblock can be read then.
        await TryAsync("unlockctl lock");
        await RunAsync(Never);
        await RunAsync($"{Begin}unlockctl lock --deadline 45s; code=$?; wait; exit $code");
        string afterLock = await FindLeftoversAsync();

        Assert.Equal("", afterPanic);
        Assert.Equal("", afterLock);
        Assert.Equal("locked", await StateAsync());
    }
}
