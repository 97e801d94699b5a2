using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Each format both ways: aespipe or cryptsetup makes the container with a file in it, unlockd reads that and writes
/// another, aespipe or cryptsetup reads that. Keys of all variants are compared without a guest, in SectorCipherTests.
/// </summary>
[Collection(ContainerCollection.Name)]
public sealed class FormatMatrixTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    private const string OldPassphrase = "an old passphrase of 2009";

    // The container is on a disk of its own for half of the rows: a loop device stands in, and a linear mapping for
    // LVM.
    private const string Disk = "losetup /dev/loop7 /var/other_file; disk=/dev/loop7";
    private const string Volume = Disk
        + """; echo "0 $(blockdev --getsz /dev/loop7) linear /dev/loop7 0" | dmsetup create disk-volume"""
        + "; disk=/dev/mapper/disk-volume";

    // The same words in UTF-8, as they are typed, and in KOI8-R, as the console of 2009 had them.
    private const string Koi8R = """
        printf 'старый пароль 2009 года' >/root/other
        printf '\xd3\xd4\xc1\xd2\xd9\xca \xd0\xc1\xd2\xcf\xcc\xd8 2009 \xc7\xcf\xc4\xc1' >/root/bytes
        """;

    /// <summary>
    /// Puts a file system with a file of its own into /root/image, and a passphrase into /root/other.
    /// </summary>
    private const string Prepare = """
        set -e
        if [ ! -e /root/image ]; then
            mkdir -p -m 700 /root/tree /root/gpg; head -c 1M /dev/urandom >/root/tree/before
            sha256sum </root/tree/before >/root/before.sum
            truncate -s 16M /root/image; mke2fs -q -F -t ext2 -b 4096 -d /root/tree /root/image
            for n in 1 64 65; do
                for i in $(seq $n); do head -c 45 /dev/urandom | base64 -w 0; echo; done >/root/keys$n
                # A count of its own: otherwise gpg asks an agent for one, and there is none here.
                printf '{passphrase}' | gpg --homedir /root/gpg --batch --quiet --no-autostart --s2k-count 1000000 \
                    --pinentry-mode loopback --passphrase-fd 0 -o /root/keys$n.gpg -c /root/keys$n
            done
        fi
        printf '{passphrase}' >/root/other; cp /root/other /root/bytes
        rm -f /var/other_file; disk=/var/other_file
        """;

    public static TheoryData<string, string, string, string> LoopAes => new()
    {
        { "AES128", "cipher: AES128", "-e AES128", "" },
        { "AES192 rmd160 -S -C", "cipher: AES192, hash: rmd160, seed: salt, iterations: 5",
            "-e AES192 -H rmd160 -S salt -C 5", "" },
        { "AES256 -o 8192", "offset: 16", "-e AES256 -O 16", "" },
        { "AES256 -o @8192", "offset: 16, skip: 0", "-e AES256", "" },
        { "AES256 KOI8-R", "passphrase_encoding: koi8-r", "-e AES256", "" },
        { "key file of one key", "cipher: AES128, key_file: /root/keys1.gpg", "-e AES128", "" },
        { "multi-key v2 AES128", "cipher: AES128, key_file: /root/keys64.gpg", "-e AES128", "" },
        { "multi-key v3 AES256", "key_file: /root/keys65.gpg", "-e AES256", Disk },
        { "multi-key v3 AES192 -o 8192", "cipher: AES192, key_file: /root/keys65.gpg, offset: 16",
            "-e AES192 -O 16", Volume },
    };

    public static TheoryData<string, string, string, string> DmCrypt => new()
    {
        { "plain, cryptsetup 2.7", "format: plain, cipher: aes-xts-plain64, hash: sha256",
            "--type plain -c aes-xts-plain64 -s 256 -h sha256", "" },
        { "plain, 4096, offset and skip",
            "format: plain, cipher: aes-xts-plain64, key_size: 512, hash: sha512, offset: 64, skip: 8, "
                + "sector_size: 4096",
            "--type plain -c aes-xts-plain64 -s 512 -h sha512 --offset 64 --skip 8 --sector-size 4096", Volume },
        { "LUKS1 serpent", "format: luks", "--type luks1 -c serpent-cbc-essiv:sha256 -s 256", Disk },
        { "LUKS2 twofish, 4096", "format: luks", "--type luks2 -c twofish-xts-plain64 -s 512 --sector-size 4096", "" },
        { "LUKS2, integrity", "format: luks",
            "--type luks2 -c aes-xts-plain64 -s 512 --integrity hmac-sha256 --sector-size 4096", "" },
        { "LUKS2, detached header", "format: luks, header: /root/header",
            "--type luks2 --sector-size 512 --header /root/header", Volume },
    };

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            unlockctl lock; umount /var/other; cryptsetup close other; cryptsetup close unlockd-other
            dmsetup remove disk-volume; losetup -d /dev/loop7; rm -f /root/header /root/read
            """, cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(LoopAes))]
    public async Task LoopAesIsReadAndWritten(string name, string keys, string options, string disk)
    {
        int offset = keys.Contains("offset", StringComparison.Ordinal) ? 8192 : 0;
        string secret = keys.IndexOf("/root/keys", StringComparison.Ordinal) is >= 0 and var at
            ? keys[at..keys.IndexOf(".gpg", at, StringComparison.Ordinal)]
            : "/root/bytes";
        string encoded = name.EndsWith("KOI8-R", StringComparison.Ordinal) ? Koi8R : "";
        await RoundTripAsync($"{keys}, format: loop-aes", disk,
            $"{encoded}\n(head -c {offset} /dev/urandom; "
                + $"aespipe {options} -p 3 3<{secret} </root/image) >/var/other_file",
            $"tail -c +{offset + 1} $disk | aespipe -d {options} -p 3 3<{secret} >/root/read");
    }

    [Theory]
    [MemberData(nameof(DmCrypt))]
    public async Task DmCryptIsReadAndWritten(string name, string keys, string options, string disk)
    {
        string open = $"cryptsetup open -q {options} $disk other </root/other";
        string format = "";
        if (name.StartsWith("LUKS", StringComparison.Ordinal))
        {
            string header = options.Contains("--header", StringComparison.Ordinal) ? "--header /root/header" : "";
            open = $"cryptsetup open {header} $disk other --key-file /root/other";
            format = $"cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 {options} "
                + "$disk /root/other";
            if (name.Contains("integrity", StringComparison.Ordinal)
                && (await TryAsync("modprobe dm_integrity")).ExitCode != 0)
                Assert.Skip("the guest's kernel has no dm-integrity");
        }

        await RoundTripAsync(keys, disk, $"truncate -s 48M /var/other_file",
            $"{open}; dd if=/dev/mapper/other of=/root/read bs=1M count=16 status=none; cryptsetup close other",
            $"{format}\n{open}\ndd if=/root/image of=/dev/mapper/other bs=1M status=none conv=fsync; "
                + "cryptsetup close other");
    }

    [Fact]
    public async Task IdentifiedContainerIsAdoptedAsItIsPrinted()
    {
        await ConfigureAsync("format: luks");
        string output = await RunAsync($$"""
            {{Prepare.Replace("{passphrase}", OldPassphrase, StringComparison.Ordinal)}}
            {{Koi8R}}
            aespipe -e AES192 -C 30 -p 3 3</root/bytes </root/image >/var/other_file
            unlockctl identify /var/other_file --passphrase-file /root/other >/root/said
            sed -n '/^volume:/,$p' /root/said | sed 's|/var/secure|/var/other|' >/etc/unlockd/unlockd.yaml
            systemctl restart unlockd
            unlockctl unlock --passphrase-file /root/other >/dev/null
            sha256sum </var/other/before | cmp - /root/before.sum && echo read
            grep '^tried' /root/said
            """);
        string[] words = output.Split(' ', '\n');
        Assert.True(words is ["read", "tried", _, "ways", "in", _, "s"], output);
        TestContext.Current.TestOutputHelper!.WriteLine(output);
    }

    [Fact]
    public async Task ManyKeysAreKeptOverAHold()
    {
        await ConfigureAsync("format: loop-aes", "key_file: /root/keys65.gpg", "filesystem: ext2");
        string output = await RunAsync($$"""
            {{Prepare.Replace("{passphrase}", OldPassphrase, StringComparison.Ordinal)}}
            aespipe -e AES256 -p 3 3</root/keys65 </root/image >/var/other_file
            echo 'lock: { keep_key: 5m }' >>/etc/unlockd/unlockd.yaml; systemctl restart unlockd
            unlockctl unlock --passphrase-file /root/other >/dev/null
            unlockctl lock --hold >/dev/null; ls /dev/mapper | grep other || true
            unlockctl release >/dev/null; for i in $(seq 200); do unlockctl status >/dev/null && break; sleep 0.1; done
            sha256sum </var/other/before | cmp - /root/before.sum && echo read
            """);
        Assert.Equal("read", output);
    }

    [Fact]
    public async Task PanicTakesDownIntegrityToo()
    {
        if ((await TryAsync("modprobe dm_integrity")).ExitCode != 0)
            Assert.Skip("the guest's kernel has no dm-integrity");
        await ConfigureAsync("format: luks", "filesystem: ext2");
        string output = await RunAsync($$"""
            {{Prepare.Replace("{passphrase}", OldPassphrase, StringComparison.Ordinal)}}
            truncate -s 48M /var/other_file
            cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --integrity hmac-sha256 \
                /var/other_file /root/other
            cryptsetup open /var/other_file other --key-file /root/other
            dd if=/root/image of=/dev/mapper/other bs=1M status=none conv=fsync; cryptsetup close other
            unlockctl unlock --passphrase-file /root/other >/dev/null
            ls /dev/mapper | grep other
            unlockctl panic >/dev/null
            ls /dev/mapper | grep other || true; losetup -nl
            """);
        Assert.Equal("unlockd-other\nunlockd-other_dif", output);
    }

    /// <param name="keys">Of the volume's configuration.</param>
    /// <param name="disk">What is laid on the container file; sets $disk.</param>
    /// <param name="make">Makes the container file.</param>
    /// <param name="read">Decrypts $disk to /root/read.</param>
    /// <param name="fill">Fills $disk with /root/image.</param>
    private async Task RoundTripAsync(string keys, string disk, string make, string read, string fill = "")
    {
        await ConfigureAsync([.. keys.Split(", "), "filesystem: ext2"]);
        string output = await RunAsync($$"""
            {{Prepare.Replace("{passphrase}", OldPassphrase, StringComparison.Ordinal)}}
            {{make}}
            {{disk}}
            {{fill}}
            sed -i "s|container: .*|container: $disk|" /etc/unlockd/unlockd.yaml
            systemctl restart unlockd
            left() { losetup -nlO BACK-FILE | grep other_file | grep -v '^[ ]*$' |
                    tail -n +$((1 + $(losetup -nl /dev/loop7 2>/dev/null | wc -l)))
                ls /dev/mapper | grep other; grep ' /var/other ' /proc/self/mountinfo; true; }
            code=0
            printf 'a wrong passphrase of 2009' | unlockctl unlock --passphrase-file - >/dev/null 2>&1 || code=$?
            echo "wrong $code" $(left)
            unlockctl unlock --passphrase-file /root/other >/dev/null
            sha256sum </var/other/before | cmp - /root/before.sum && echo read
            head -c 300000 /dev/urandom >/var/other/after; sha256sum </var/other/after >/root/after.sum
            unlockctl lock --certificate /root/certificate >/dev/null
            echo "locked" $(left)
            {{read}}
            debugfs -R 'dump /after /root/after' /root/read 2>/dev/null
            sha256sum </root/after | cmp - /root/after.sum && echo written
            e2fsck -fn /root/read >/dev/null 2>&1; echo fsck $?
            """);
        Assert.Equal("wrong 2\nread\nlocked\nwritten\nfsck 0", output);
    }
}
