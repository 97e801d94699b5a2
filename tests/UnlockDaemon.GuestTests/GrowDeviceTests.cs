using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// "unlockctl grow" of a volume on a block device: the device is made larger first, here a linear mapping for LVM. Its
/// LUKS header is detached.
/// </summary>
[Collection(ContainerCollection.Name)]
public sealed class GrowDeviceTests(UnlockdGuest fixture) : OtherVolumeTest(fixture), IAsyncLifetime
{
    private const string Make = $"""
        set -e
        truncate -s 200M /var/other_file; losetup /dev/loop7 /var/other_file
        echo "0 $((96 << 11)) linear /dev/loop7 0" | dmsetup create disk-volume
        {LuksFormat} --header /root/header /dev/mapper/disk-volume /root/other
        cryptsetup open --header /root/header --key-file /root/other /dev/mapper/disk-volume other
        mkfs.ext4 -q /dev/mapper/other
        cryptsetup close other
        sed -i 's|container: .*|container: /dev/mapper/disk-volume|' /etc/unlockd/unlockd.yaml
        systemctl restart unlockd
        """;

    private const string Grow = "unlockctl grow 160M --passphrase-file /root/other";

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("unlockctl lock; dmsetup remove disk-volume; losetup -d /dev/loop7; rm -f /root/header",
            cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task SaysHowToMakeItLargerAndThenTakesThatUp()
    {
        await ConfigureAsync("filesystem: ext4", "header: /root/header");
        await RunAsync(Make);
        await UnlockOtherAsync();
        await RunAsync("head -c 8M /dev/urandom >/var/other/file; sha256sum /var/other/file >/root/sum");
        CommandResult small = await TryAsync(Grow);
        CommandResult more = await TryAsync("unlockctl grow +64M --passphrase-file /root/other");
        await RunAsync("""
            echo "0 $((160 << 11)) linear /dev/loop7 0" | dmsetup reload disk-volume
            dmsetup suspend disk-volume; dmsetup resume disk-volume
            """);
        await RunAsync(Grow);
        string grown = await RunAsync("""
            echo $(( $(blockdev --getsize64 /dev/mapper/unlockd-other) >> 20 )) \
                $(( $(stat -f -c '%b * %S' /var/other) >> 20 ))
            sha256sum --quiet -c /root/sum
            unlockctl lock >/dev/null
            cryptsetup open --header /root/header --key-file /root/other /dev/mapper/disk-volume other
            e2fsck -fn /dev/mapper/other >/dev/null 2>&1; echo fsck $?
            cryptsetup close other
            """);

        Assert.Equal(1, small.ExitCode);
        Assert.Contains("/dev/mapper/disk-volume is a block device of 96.0 MiB, and the volume takes all of it: make "
            + "the device larger", small.Error, StringComparison.Ordinal);
        Assert.Contains("is a block device of 96.0 MiB", more.Error, StringComparison.Ordinal);
        Assert.Matches(@"^160 1[345]\d\nfsck 0$", grown);
    }
}
