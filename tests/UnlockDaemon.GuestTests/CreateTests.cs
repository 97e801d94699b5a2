using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>"unlockctl create", typed on a terminal.</summary>
public sealed class CreateTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    // Argon2, as it is measured when a container is made, is slow in a guest.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task AsksTwiceShowsABarAndProtectsTheMountPoint()
    {
        await ConfigureAsync("format: luks");
        await using SshTerminal terminal = await Guest.OpenTerminalAsync("unlockctl create /var/other_file --size 48M");
        await TypeAsync(terminal.Console, Passphrase, Passphrase);
        await terminal.Console.ExpectAsync("[########################################] 100 %", Soon, Cancellation);
        await terminal.Console.ExpectAsync("made /var/other_file: 48.0 MiB, luks, ext4", s_patience, Cancellation);
        int exitCode = await terminal.Exited.WaitAsync(Soon, Cancellation);
        string type = await RunAsync(
            "cryptsetup luksDump /var/other_file | grep -oE 'Version: .*|PBKDF: .*'; stat -c %a /var/other_file");
        CommandResult write = await TryAsync("touch /var/other/file");
        string left = await FindLeftoversAsync();
        int memory = int.Parse(await RunAsync("cryptsetup luksDump /var/other_file | awk '/Memory:/ { print $2 }'"));
        int total = int.Parse(await RunAsync("awk '/MemTotal/ { print $2 }' /proc/meminfo"));
        await UnlockOtherAsync();
        await RunAsync("touch /var/other/file && unlockctl lock");
        CommandResult again = await TryAsync("touch /var/other/file");

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(Passphrase, terminal.Console.Transcript, StringComparison.Ordinal);
        Assert.Matches(@"Version:\s+2\nPBKDF:\s+argon2id\n600$", type);
        Assert.Equal("", left);
        Assert.InRange(memory, 8192, total / 4);
        Assert.Contains("Operation not permitted", write.Error, StringComparison.Ordinal);
        Assert.Contains("Operation not permitted", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MismatchIsToldAndNothingIsMade()
    {
        await using SshTerminal terminal = await Guest.OpenTerminalAsync("unlockctl create /var/other_file --size 48M");
        await TypeAsync(terminal.Console, Passphrase, Passphrase + " ");
        await terminal.Console.ExpectAsync("the two are not the same", Soon, Cancellation);
        Assert.Equal(1, await terminal.Exited.WaitAsync(Soon, Cancellation));
        Assert.Equal("none", await RunAsync("[ -e /var/other_file ] || echo none"));
    }

    [Fact]
    public async Task OverwritesNothingAndDoesNotAskFirst()
    {
        await RunAsync("echo precious >/var/other_file");
        await using SshTerminal terminal = await Guest.OpenTerminalAsync("unlockctl create /var/other_file --size 48M");
        await terminal.Console.ExpectAsync("/var/other_file exists: nothing is ever overwritten", Soon, Cancellation);
        Assert.Equal(1, await terminal.Exited.WaitAsync(Soon, Cancellation));
        Assert.DoesNotContain("passphrase:", terminal.Console.Transcript, StringComparison.Ordinal);
        Assert.Equal("precious", await RunAsync("cat /var/other_file"));
    }

    [Fact]
    public async Task TooLargeIsToldAndDoesNotAskFirst()
    {
        await using SshTerminal terminal =
            await Guest.OpenTerminalAsync("unlockctl create /var/other_file --size 900G");
        await terminal.Console.ExpectAsync("/var/other_file would need 921600M, and the disk of /var has",
            Soon, Cancellation);
        Assert.Equal(1, await terminal.Exited.WaitAsync(Soon, Cancellation));
        Assert.DoesNotContain("passphrase:", terminal.Console.Transcript, StringComparison.Ordinal);
        Assert.Equal("none", await RunAsync("[ -e /var/other_file ] || echo none"));
    }

    [Theory]
    [InlineData("ext2", "48M", "4096 4096")]
    [InlineData("ext3", "48M", "4096 4096")]
    [InlineData("ext4", "48M", "4096 4096")]
    [InlineData("xfs", "316M", "4096 4096")]
    [InlineData("ext4", "50.0005M", "512 1024")]
    public async Task EveryFileSystemIsMadeInSectorsThatFit(string type, string size, string sizes)
    {
        await ConfigureAsync($"filesystem: {type}");
        await RunAsync($"unlockctl create /var/other_file --size {size} --filesystem {type} --iter-time 50 --name anna "
            + "--passphrase-file /root/other");
        string witness = await RunAsync($"""
            set -e
            cryptsetup open --key-file /root/other /var/other_file other
            blkid -p -s TYPE -o value /dev/mapper/other
            {(type == "xfs" ? "xfs_repair -n" : "e2fsck -fn")} /dev/mapper/other >/dev/null 2>&1
            cryptsetup close other
            """);
        await UnlockOtherAsync();
        string found = await RunAsync("""
            echo $(cat /sys/block/$(basename $(readlink /dev/mapper/unlockd-other))/queue/logical_block_size) \
                $(stat -f -c %S /var/other)
            findmnt -n -o FSTYPE /var/other; unlockctl key list | grep -o anna
            """);

        Assert.Equal(type, witness);
        Assert.Equal($"{sizes}\n{type}\nanna", found);
    }

    [Theory]
    [InlineData("--size 315M --filesystem xfs", "315M are too small for xfs: it needs 300M, and the LUKS header 16M")]
    [InlineData("--size 299M --filesystem xfs --format loop-aes", "too small for xfs: it needs 300M")]
    [InlineData("--size 9T", "would need 9437184M, and the disk of /var has ")]
    public async Task WhatCannotBeMadeIsToldBeforeAnythingIs(string options, string reason)
    {
        CommandResult refused = await TryAsync(
            $"unlockctl create /var/other_file {options} --passphrase-file /root/passphrase; code=$?; "
                + "ls /var/other_file; exit $code");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(reason, refused.Error, StringComparison.Ordinal);
        Assert.Contains("No such file", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--size 1G --random-fill", "left")]
    [InlineData("--size 48M", "writing the LUKS2 header")]
    [InlineData("--size 1G --filesystem ext2 --format loop-aes", "making the ext2 file system")]
    public async Task InterruptLeavesNothingHalfMade(string options, string stage)
    {
        await using SshTerminal terminal = await Guest.OpenTerminalAsync($"unlockctl create /var/other_file {options}");
        await TypeAsync(terminal.Console, Passphrase + " long enough", Passphrase + " long enough");
        await terminal.Console.ExpectAsync(stage, s_patience, Cancellation);
        await terminal.Console.SendAsync("\u0003", Cancellation);
        await terminal.Console.ExpectAsync("interrupted: nothing is left of /var/other_file", s_patience, Cancellation);
        Assert.Equal(130, await terminal.Exited.WaitAsync(Soon, Cancellation));
        Assert.DoesNotMatch("s left.*unlockctl:", terminal.Console.Transcript);
        Assert.Equal("none", await RunAsync("[ -e /var/other_file ] || echo none"));
        Assert.Equal("", await FindLeftoversAsync());
    }

    [Fact]
    public async Task ClosedTerminalLeavesNothingHalfMade()
    {
        await using (SshTerminal terminal = await Guest.OpenTerminalAsync(
            "unlockctl create /var/other_file --size 48M"))
        {
            await TypeAsync(terminal.Console, Passphrase, Passphrase);
            await terminal.Console.ExpectAsync("writing the LUKS2 header", s_patience, Cancellation);
        }

        await RunAsync("while pgrep -x unlockctl; do sleep 0.1; done");
        Assert.Equal("none", await RunAsync("[ -e /var/other_file ] || echo none"));
        Assert.Equal("", await FindLeftoversAsync());
    }

    private static async Task TypeAsync(GuestConsole console, string first, string second)
    {
        await console.ExpectAsync("New passphrase: ", Soon, Cancellation);
        await console.SendAsync(first + "\r", Cancellation);
        await console.ExpectAsync("The same again: ", Soon, Cancellation);
        await console.SendAsync(second + "\r", Cancellation);
    }
}
