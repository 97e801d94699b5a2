using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Swap under a random key: up while the instance runs, away while the volume is locked, never over other data.
/// </summary>
public sealed class SwapTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    private const string Make = $"""
        set -e
        truncate -s 32M /var/other_file
        {LuksFormat} /var/other_file /root/other
        cryptsetup open --key-file /root/other /var/other_file other
        mkfs.ext4 -q /dev/mapper/other; cryptsetup close other

        """;

    /// <summary>
    /// Has a process's pages put into swap while there is memory enough (MADV_PAGEOUT, 21): in a guest that is out of
    /// memory the kernel may wait for itself, with swap on a loop device.
    /// </summary>
    private const string PageOut = """
        cat >/root/press.py <<'PY'
        import mmap, time
        block = mmap.mmap(-1, 4 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        block.write(b'secret of the services' * ((4 << 20) // 22))
        block.madvise(21)
        time.sleep(1000)
        PY

        """;

    /// <summary>Has so much memory written to that more than a part of it is in swap.</summary>
    private const string Press = """
        cat >/root/press.py <<'PY'
        import sys, time
        blocks = []
        try:
            while True:
                with open('/proc/swaps') as f:
                    used = sum(int(l.split()[3]) for l in f.readlines()[1:])
                if used >= int(sys.argv[1]): break
                blocks.append(bytearray(b'secret of the services' * 50000))
        finally:
            print('pressed', flush=True)
        time.sleep(1000)
        PY

        """;

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            systemctl stop press; rm -f /root/press.py
            unlockctl release; unlockctl lock; systemctl stop unlockd
            swapoff -a; dmsetup remove --retry unlockd.swap; losetup -D; rm -f /var/swap_file /root/swap_disk
            """, TimeSpan.FromMinutes(2), cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task IsUpWhileLockedAndGoesWithTheLock()
    {
        await ConfigureWithSwapAsync("path: /var/swap_file, size: 48M");
        await RunAsync(Make);
        await WaitForSwapAsync();
        string table = await RunAsync("dmsetup table unlockd.swap | awk '{ print $3, $4 }'; stat -c %a /var/swap_file; "
            + "losetup -nl -O DIO -j /var/swap_file; unlockctl status | grep swap");
        string clear = await RunAsync("unlockctl check | grep 'in the clear'; true");
        await UnlockOtherAsync();
        string key = await RunAsync("dmsetup table --showkeys unlockd.swap | cut -d' ' -f5");
        await RunAsync($"{PageOut}systemd-run -q --unit=press --service-type=exec python3 /root/press.py");
        await RunAsync("for i in $(seq 300); do [ $(awk 'NR > 1 { print $4 }' /proc/swaps) -ge 2000 ] && break; "
            + "sleep 0.1; done; systemctl stop press");
        string secret = await RunAsync("sync; grep -c 'secret of the services' /var/swap_file; true");
        await RunAsync("unlockctl lock --hold --certificate /root/certificate");
        string held = await RunAsync("cat /proc/swaps | wc -l; ls /dev/mapper | grep swap; cat /root/certificate");
        await RunAsync("unlockctl release");
        await WaitForSwapAsync();
        string next = await RunAsync("dmsetup table --showkeys unlockd.swap | cut -d' ' -f5");
        await RunAsync("systemctl restart unlockd; unlockctl status | grep 'swap .* up'");

        Assert.StartsWith("crypt aes-xts-plain64\n600\n", table, StringComparison.Ordinal);
        Assert.Contains("under a random key", table, StringComparison.Ordinal);
        Assert.Equal("", clear);
        Assert.Equal("0", secret);
        Assert.StartsWith("1\n", held, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"swap off\",\"ok\":true", held, StringComparison.Ordinal);
        Assert.NotEqual(key, next);
    }

    [Fact]
    public async Task WhatIsNotConfiguredAnyMoreIsTakenDown()
    {
        await ConfigureWithSwapAsync("path: /var/swap_file, size: 48M");
        await RunAsync(Make);
        await WaitForSwapAsync();
        await RunAsync("systemctl stop unlockd; sed -i '/^swap:/,$d' /etc/unlockd/unlockd.yaml");
        // A lock takes it down, if the start of the daemon did not.
        string locked = await RunAsync("""
            systemctl start unlockd
            unlockctl lock --certificate /root/certificate
            wc -l </proc/swaps; ls /dev/mapper; losetup -nl -O BACK-FILE
            """);
        Assert.EndsWith("1\ncontrol", locked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckTellsOfALogicalVolumeInTheClear()
    {
        await ConfigureAsync("filesystem: ext4");
        await RunAsync("""
            truncate -s 32M /root/swap_disk; losetup /dev/loop9 /root/swap_disk
            dmsetup create swap-volume --table '0 65536 linear /dev/loop9 0'
            mkswap -q /dev/mapper/swap-volume; swapon /dev/mapper/swap-volume
            """);
        string clear = await RunAsync("unlockctl check | grep 'in the clear'; swapoff /dev/mapper/swap-volume; true");
        string encrypted = await RunAsync("""
            cryptsetup open -q --type plain --cipher aes-xts-plain64 --key-file /dev/urandom \
                /dev/mapper/swap-volume on-it
            mkswap -q /dev/mapper/on-it; swapon /dev/mapper/on-it
            unlockctl check | grep 'in the clear'
            swapoff /dev/mapper/on-it; cryptsetup close on-it; dmsetup remove --retry swap-volume; losetup -d /dev/loop9
            """);
        Assert.Contains("swap on /dev/dm-", clear, StringComparison.Ordinal);
        Assert.Equal("", encrypted);
    }

    [Fact]
    public async Task WhatHoldsOtherDataIsLeftAlone()
    {
        await ConfigureWithSwapAsync("path: /var/swap_file, size: 48M");
        await RunAsync("systemctl stop unlockd; swapoff -a; dmsetup remove --retry unlockd.swap; losetup -D; "
            + "rm -f /var/swap_file");
        string before = await RunAsync(
            "head -c 2M /dev/urandom >/var/swap_file; sha256sum /var/swap_file; systemctl start unlockd");
        CommandResult check = await TryAsync("unlockctl check");
        await RunAsync("for i in $(seq 100); do unlockctl status | grep -q 'holds something else' && break; "
            + "sleep 0.1; done");
        string after = await RunAsync("unlockctl status | grep 'swap  '; sha256sum /var/swap_file; wc -l </proc/swaps");
        // A disk with a file system on it, and a blank one.
        await RunAsync("truncate -s 64M /root/swap_disk; mke2fs -qF /root/swap_disk; "
            + "losetup /dev/loop9 /root/swap_disk");
        await ConfigureWithSwapAsync("path: /dev/loop9");
        string disk = await RunAsync("unlockctl check; true");
        await RunAsync("dd if=/dev/zero of=/dev/loop9 bs=1M count=64; systemctl restart unlockd");
        await WaitForSwapAsync();

        Assert.Equal(1, check.ExitCode);
        Assert.Contains("swap /var/swap_file holds something else, and is left alone", check.Output,
            StringComparison.Ordinal);
        Assert.Contains("down", after, StringComparison.Ordinal);
        Assert.Contains(before.Split(' ')[0], after, StringComparison.Ordinal);
        Assert.EndsWith("\n1", after, StringComparison.Ordinal);
        Assert.Contains("swap /dev/loop9 holds something else", disk, StringComparison.Ordinal);
    }

    /// <remarks>Explicit: a guest at the end of its memory may become too slow to be driven.</remarks>
    [Fact(Explicit = true)]
    public async Task LockWithoutMemoryForWhatIsInSwapFailsInTimeAndServicesGoOn()
    {
        await ConfigureWithSwapAsync("path: /var/swap_file, size: 200M");
        await RunAsync(Make);
        await WaitForSwapAsync();
        await UnlockOtherAsync();
        await RunAsync($"{Press}systemd-run -q --unit=press --service-type=exec python3 /root/press.py 150000");
        await RunAsync("for i in $(seq 600); do [ $(awk 'NR > 1 { print $4 }' /proc/swaps) -ge 140000 ] && break; "
            + "sleep 0.1; done");
        CommandResult refused = await TryAsync("unlockctl lock --deadline 20s");
        string? state = await StateAsync();
        await RunAsync("systemctl stop press; unlockctl lock");
        await WaitForSwapAsync();

        Assert.True(refused.ExitCode == 5, refused.Error);
        Assert.True(refused.Error.Contains("swap", StringComparison.Ordinal), refused.Error);
        Assert.Equal("ready", state);
    }

    private Task<string> WaitForSwapAsync() => RunAsync(
        "for i in $(seq 200); do unlockctl status | grep -q 'swap .* up' && exit 0; sleep 0.1; done; unlockctl status; "
            + "cat /proc/swaps; exit 1");

    private async Task ConfigureWithSwapAsync(string swap)
    {
        await ConfigureAsync("format: luks");
        await RunAsync($"echo 'swap: {{ {swap} }}' >>/etc/unlockd/unlockd.yaml; systemctl restart unlockd");
    }
}
