using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>loop-AES, as "losetup -e AES256" of 2009 made it; aespipe, by the same author, is the witness.</summary>
public sealed class LoopAesTests(UnlockdGuest fixture) : UnlockdTest(fixture), IAsyncLifetime
{
    // loop-AES and aespipe take 20 characters at least.
    private const string Configure = """
        set -e
        mkdir -p /var/old
        cp /etc/unlockd/unlockd.yaml /root/unlockd.yaml
        printf 'volume:\n  container: /var/old_file\n  format: loop-aes\n  mount_point: /var/old\n' \
            >/etc/unlockd/unlockd.yaml
        printf 'an old passphrase of 2009' >/root/old
        """;

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("""
            unlockctl lock
            [ ! -e /root/unlockd.yaml ] || mv /root/unlockd.yaml /etc/unlockd/unlockd.yaml
            chattr -i /var/old; rm -rf /var/old /var/old_file
            systemctl restart unlockd
            """, cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task ContainerOfAespipeOpensAndAespipeReadsWhatWasWritten()
    {
        await RunAsync(Configure);
        await RunAsync("""
            set -e
            truncate -s 24M /root/plain
            mke2fs -q -F -t ext2 /root/plain
            aespipe -e AES256 -p 3 3</root/old </root/plain >/var/old_file
            systemctl restart unlockd
            """);
        CommandResult wrong = await TryAsync(
            "printf 'a wrong passphrase of 2009' | unlockctl unlock --passphrase-file -");
        string leftovers = await KernelStateAsync();
        await RunAsync("""
            set -e
            unlockctl unlock --passphrase-file /root/old
            findmnt -n -o FSTYPE /var/old
            echo billing >/var/old/row
            unlockctl lock
            """);
        string read = await RunAsync("""
            set -e
            aespipe -d -e AES256 -p 3 3</root/old </var/old_file >/root/plain
            debugfs -R 'cat /row' /root/plain 2>/dev/null
            e2fsck -fn /root/plain >/dev/null 2>&1; echo fsck $?
            dumpe2fs -h /root/plain 2>/dev/null | grep 'Filesystem state'
            """);

        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal("", leftovers);
        Assert.Equal("billing\nfsck 0\nFilesystem state:         clean", read);
    }

    [Fact]
    public async Task CreatedContainerIsReadByAespipe()
    {
        await RunAsync(Configure);
        string read = await RunAsync("""
            set -e
            unlockctl create /var/old_file --size 40M --format loop-aes --passphrase-file /root/old
            lsattr -d /var/old | cut -c5
            aespipe -d -e AES256 -p 3 3</root/old </var/old_file >/root/plain
            blkid -p -o value -s TYPE /root/plain
            """);
        CommandResult again = await TryAsync(
            "unlockctl create /var/old_file --size 40M --format loop-aes --passphrase-file /root/old");

        Assert.EndsWith("i\next2", read, StringComparison.Ordinal);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("exists", again.Error, StringComparison.Ordinal);
    }
}
