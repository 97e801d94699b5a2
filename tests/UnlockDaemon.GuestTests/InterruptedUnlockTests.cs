using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A panic or a lock that comes while the key is being derived, which takes seconds.</summary>
public sealed class InterruptedUnlockTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
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

    [Fact]
    public async Task NothingOfItIsLeft()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        // Its exit code depends on who ends first: it does not say that all is down while the unlock is not over. On a
        // busy machine it may take the daemon for one that is stuck, and have it started again.
        await TryAsync($"{Begin}unlockctl panic; wait; until unlockctl status >/dev/null || [ $? != 4 ]; do :; done");
        string afterPanic = await FindLeftoversAsync();
        await RunAsync("unlockctl lock");
        await RunAsync($"{Begin}unlockctl lock; code=$?; wait; exit $code");
        string afterLock = await FindLeftoversAsync();

        Assert.Equal("", afterPanic);
        Assert.Equal("", afterLock);
        Assert.Equal("locked", await StateAsync());
    }
}
