using System.Text.RegularExpressions;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A check of the file system that takes long, and one that needs a person.</summary>
public sealed partial class FilesystemCheckTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    // As after a crash: ext2 has no journal, so all of it is looked at. The label stands in e2fsck's own messages.
    private const string Make = $"""
        set -e
        truncate -s 400M /var/other_file
        {LuksFormat} /var/other_file /root/other
        cryptsetup open --key-file /root/other /var/other_file other
        mke2fs -q -t ext2 -b 1024 -N 100000 -L 'billing data' -d /etc /dev/mapper/other
        debugfs -w -R 'ssv state 0' /dev/mapper/other 2>/dev/null

        """;

    [Fact]
    public async Task ProgressIsShownOnAllConsoles()
    {
        await ConfigureAsync("filesystem: ext2");
        await RunAsync(Make + "cryptsetup close other");
        await PromptAgainAsync();
        Guest.TtyS0.SkipReceived();
        await Guest.Tty1.SendAsync(Passphrase + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("checking the file system: it was not unmounted cleanly", Soon, Cancellation);
        ConsoleMatch first = await Guest.Tty1.ExpectAsync(Percent(), Soon, Cancellation);
        ConsoleMatch next = await Guest.Tty1.ExpectAsync(Percent(), Soon, Cancellation);
        ConsoleMatch mounted = await Guest.Tty1.ExpectAsync("is mounted", Soon, Cancellation);
        ConsoleMatch other = await Guest.TtyS0.ExpectAsync(Percent(), Soon, Cancellation);

        Assert.True(Part(first) < Part(next), $"{first.Text}, then {next.Text}");
        // Shown while the check runs, not when it is over.
        Assert.True(mounted.At - first.At > TimeSpan.FromMilliseconds(50),
            $"first seen {mounted.At - first.At} before the end");
        Assert.True(mounted.At > other.At, "ttyS0 has seen it only after the end");
    }

    [Fact]
    public async Task ProgressIsInTheOutputOfUnlock()
    {
        await ConfigureAsync("filesystem: ext2");
        await RunAsync(Make + "cryptsetup close other");
        string progress = await UnlockOtherAsync();
        Assert.Contains("checking the file system: it was not unmounted cleanly", progress, StringComparison.Ordinal);
        Assert.True(Percent().Count(progress) > 3, progress);
    }

    [Fact]
    public async Task DamageThatNeedsAPersonIsRefusedWithAdvice()
    {
        await ConfigureAsync("filesystem: ext2");
        // Two files that claim the same block: e2fsck -p does not choose between them.
        await RunAsync(Make + """
            block=$(debugfs -R 'blocks /passwd' /dev/mapper/other 2>/dev/null | cut -d' ' -f1)
            debugfs -w -R "sif /group block[0] $block" /dev/mapper/other 2>/dev/null
            cryptsetup close other
            """);
        CommandResult refused = await TryUnlockAsync();
        string? state = await StateAsync();
        string mounts = await RunAsync("grep ' /var/other ' /proc/self/mountinfo; true");
        CommandResult again = await TryAsync("unlockctl unlock");
        Guest.Tty1.SkipReceived();
        await Guest.Tty1.SendAsync("\u0015" + Passphrase + "\r", Cancellation);
        await Guest.Tty1.ExpectAsync("Not unlocked: the file system check needs a person", Soon, Cancellation);
        await RunAsync("e2fsck -fy /dev/mapper/unlockd-other; [ $? -le 1 ]");
        await RunAsync("unlockctl unlock");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("the file system check needs a person", refused.Error, StringComparison.Ordinal);
        Assert.Contains("run 'e2fsck -f /dev/mapper/unlockd-other', then 'unlockctl unlock'", refused.Error,
            StringComparison.Ordinal);
        Assert.Equal("failed", state);
        Assert.Equal("", mounts);
        Assert.Equal(1, again.ExitCode);
        Assert.Equal("ready", await StateAsync());
        await RunAsync("unlockctl lock");
        Assert.Equal("", await FindLeftoversAsync());
    }

    private static int Part(ConsoleMatch match) => int.Parse(match.Match.Groups["part"].Value);

    [GeneratedRegex(@"checking the file system: (?<part>\d+) %", RegexOptions.None, 1000)]
    private static partial Regex Percent();
}
