using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>"unlockctl convert" of what is not the usual volume with the usual passphrase.</summary>
[Collection(ContainerCollection.Name)]
public sealed class ConvertVariantTests(UnlockdGuest fixture) : OtherVolumeTest(fixture), IAsyncLifetime
{
    // The same words in UTF-8, as they are typed, and in KOI8-R, as the console of 2009 had them.
    private const string Koi8R = """
        printf 'старый пароль' >/root/other
        printf '\xd3\xd4\xc1\xd2\xd9\xca \xd0\xc1\xd2\xcf\xcc\xd8' >/root/bytes

        """;

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            unlockctl --instance archive lock; systemctl stop unlockd@archive
            chattr -i /var/other.archive
            rm -rf /etc/unlockd/archive.yaml /var/lib/unlockd-archive /var/other.archive
            rm -f /root/bytes /root/image /root/sum
            rm -f /var/other_file.*
            """, cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task PlainWithAnOldEncodingKeepsIt()
    {
        await ConfigureAsync("format: plain", "cipher: aes-cbc-essiv:sha256", "key_size: 256", "hash: ripemd160",
            "passphrase_encoding: koi8-r", "filesystem: ext4");
        string said = await RunAsync($"""
            set -e
            {Koi8R}
            truncate -s 32M /var/other_file
            cryptsetup open -q --type plain --cipher aes-cbc-essiv:sha256 --key-size 256 --hash ripemd160 \
                /var/other_file other </root/bytes
            mkfs.ext4 -q /dev/mapper/other; mount /dev/mapper/other /mnt/prepare
            head -c 1M /dev/urandom >/mnt/prepare/file; sha256sum </mnt/prepare/file >/root/sum
            umount /mnt/prepare; cryptsetup close other
            unlockctl convert --passphrase-file /root/other
            cryptsetup open --test-passphrase --key-file /root/bytes /var/other_file && echo "the bytes open it"
            cat /etc/unlockd/unlockd.yaml
            """);
        await UnlockOtherAsync();

        Assert.Contains("the bytes open it", said, StringComparison.Ordinal);
        Assert.Contains("passphrase_encoding: koi8-r", said, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?m)^ *cipher:", said);
        Assert.Equal("same", await RunAsync("sha256sum </var/other/file | cmp - /root/sum && echo same"));
    }

    [Fact]
    public async Task NamedInstanceIsConvertedAndTheUsualOneIsLeftAlone()
    {
        await ConfigureAsync("format: loop-aes");
        string said = await RunAsync("""
            set -e
            printf 'a passphrase of the archive' >/root/other
            sed -e 's|/var/other_file|/var/other_file.archive|' -e 's|/var/other$|/var/other.archive|' \
                /etc/unlockd/unlockd.yaml >/etc/unlockd/archive.yaml
            mkdir -p /var/other.archive
            truncate -s 16M /root/image; mke2fs -q -F -t ext2 -b 4096 -d /etc/default /root/image
            aespipe -e AES256 -p 3 3</root/other </root/image >/var/other_file.archive
            cp /etc/unlockd/unlockd.yaml /root/sum
            systemctl start unlockd@archive
            daemon=$(systemctl show -P MainPID unlockd)
            unlockctl --instance archive convert --passphrase-file /root/other
            unlockctl --instance archive unlock --passphrase-file /root/other
            diff -r -x lost+found /etc/default /var/other.archive && echo same
            cmp /etc/unlockd/unlockd.yaml /root/sum; [ $daemon = $(systemctl show -P MainPID unlockd) ]
            cryptsetup isLuks /var/other_file.archive; cat /etc/unlockd/archive.yaml
            """);

        Assert.Contains("converted: /var/other_file.archive is a LUKS2 container now", said, StringComparison.Ordinal);
        Assert.Contains("\nsame\n", said, StringComparison.Ordinal);
        Assert.Contains("format: luks", said, StringComparison.Ordinal);
    }
}
