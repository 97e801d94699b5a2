using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Containers made by cryptsetup, of the formats that are not the usual one; cryptsetup is the witness.
/// </summary>
public sealed class FormatTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    [Theory]
    [InlineData("aes-cbc-essiv:sha256", 256, "sha256")]
    [InlineData("aes-xts-plain64", 512, "sha512")]
    [InlineData("aes-cbc-essiv:sha256", 256, "ripemd160")]
    public async Task PlainUnlocksAndLocks(string cipher, int bits, string hash)
    {
        // Typed or piped, cryptsetup hashes a passphrase; from a key file it would not.
        string open = $"printf '{Passphrase}' | "
            + $"cryptsetup open --type plain --cipher {cipher} --key-size {bits} --hash {hash} /var/other_file other";
        await ConfigureAsync("format: plain", $"cipher: {cipher}", $"key_size: {bits}", $"hash: {hash}");
        await RunAsync($"set -e; truncate -s 48M /var/other_file; {open}; mkfs.ext4 -q /dev/mapper/other; "
            + "cryptsetup close other");

        CommandResult wrong = await TryAsync("printf wrong | unlockctl unlock --passphrase-file -");
        string leftBehind = await FindLeftoversAsync();
        await UnlockOtherAsync();
        await RunAsync("echo billing >/var/other/row; unlockctl lock --certificate /root/certificate");
        string left = await FindLeftoversAsync();
        string read = await RunAsync($"""
            {open}
            debugfs -R 'cat /row' /dev/mapper/other 2>/dev/null
            e2fsck -fn /dev/mapper/other >/dev/null 2>&1; echo fsck $?
            dumpe2fs -h /dev/mapper/other 2>/dev/null | grep -o 'needs_recovery'
            cryptsetup close other
            """);

        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("wrong passphrase", wrong.Error, StringComparison.Ordinal);
        Assert.Equal("", leftBehind);
        Assert.Equal("", left);
        Assert.Equal("billing\nfsck 0", read);
    }

    [Fact]
    public async Task Luks1UnlocksAndLocks()
    {
        await ConfigureAsync("format: luks");
        await RunAsync("""
            set -e
            truncate -s 48M /var/other_file
            cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 /var/other_file /root/other
            cryptsetup open --key-file /root/other /var/other_file other
            mkfs.ext4 -q /dev/mapper/other
            cryptsetup close other
            """);

        CommandResult wrong = await TryAsync("printf wrong | unlockctl unlock --passphrase-file -");
        string leftBehind = await FindLeftoversAsync();
        await UnlockOtherAsync();
        string type = await RunAsync(
            "cryptsetup status unlockd-other | grep -o 'LUKS.*'; echo billing >/var/other/row");
        await RunAsync("unlockctl lock");
        string left = await FindLeftoversAsync();
        string read = await RunAsync("""
            cryptsetup open --key-file /root/other /var/other_file other
            debugfs -R 'cat /row' /dev/mapper/other 2>/dev/null
            cryptsetup close other
            """);

        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal("", leftBehind);
        Assert.Equal("LUKS1", type);
        Assert.Equal("", left);
        Assert.Equal("billing", read);
    }
}
