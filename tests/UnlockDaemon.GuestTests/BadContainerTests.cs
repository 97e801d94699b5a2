using System.Text;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Containers that are damaged, before the unlock and while unlocked: each ends in a definite state with a message that
/// says what to do, and nothing is written to a container that was not understood.
/// </summary>
[Collection(ContainerCollection.Name)]
public sealed class BadContainerTests(UnlockdGuest fixture) : OtherVolumeTest(fixture)
{
    private const string Common = """
        file=/var/other_file
        flip() { perl -e 'open F, "+<", $ARGV[0] or die; seek F, $ARGV[1], 0; read F, $c, 1;
            seek F, $ARGV[1], 0; print F chr(ord($c) ^ 4)' $file $1; }
        sum() { [ -f $file ] && sha256sum <$file 2>/dev/null; }
        state() { unlockctl status --json | grep -o '"state":"[a-z]*"' | cut -d'"' -f4; }
        left() { losetup -nl -O NAME,BACK-FILE | grep -v /root/disk; ls /dev/mapper | grep other
            grep ' /var/other ' /proc/self/mountinfo; }

        """;

    private const string Make = $"""
        set -e
        modprobe -a dm_dust dm_flakey
        truncate -s 24M /root/gold
        {LuksFormat} /root/gold /root/other
        cryptsetup open --key-file /root/other /root/gold other
        mkfs.ext4 -q /dev/mapper/other
        mount /dev/mapper/other /mnt/prepare; echo billing >/mnt/prepare/row; umount /mnt/prepare
        cryptsetup close other
        """;

    private const string Restore = "rm -rf $file; cp --sparse=always /root/gold $file\n";

    public override async ValueTask DisposeAsync()
    {
        await Guest.RunAsync("rm -f /root/gold /root/disk", cancellationToken: CancellationToken.None);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task IsRefusedAndLeftAsItIs()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        StringBuilder table = new($"{"container",-36} {"state",-7} exit message\n");
        List<string> wrong = [];
        // What a test before may have left on record is not of these containers.
        await RunAsync($"{Common}{Restore}unlockctl unlock --passphrase-file /root/other && unlockctl lock");
        foreach (BadContainer bad in BadContainer.All)
        {
            string answers = await RunAsync($$"""
                {{Common}}{{Restore}}
                { {{bad.Begin}}
                } >/root/begin 2>&1
                before=$(sum)
                unlockctl unlock --passphrase-file /root/other >/root/said 2>&1; echo "$?"
                state
                [ "$(sum)" = "$before" ] && echo same || echo changed
                cat /var/other/row 2>/dev/null || echo none
                tail -n 1 /root/said
                unlockctl lock >/root/lock 2>&1; proven=$?; echo "lock $proven" $(tail -n 1 /root/lock)
                left | sed 's/^/left: /'
                { {{bad.End}}
                } >>/root/begin 2>&1
                [ $proven = 0 ] || { {{Restore}}unlockctl lock; } >/dev/null 2>&1
                sed 's/^/begin: /' /root/begin
                """);
            string[] lines = answers.Split('\n');
            table.AppendLine($"{bad.Name,-36} {lines[1],-7} {lines[0],-4} {lines[4]}");
            bool refused = bad.Code != 0;
            if (lines[0] != $"{bad.Code}" || lines[1] != bad.State
                || !lines[4].Contains(bad.Said, StringComparison.Ordinal)
                || (refused && (lines[2] != "same" || lines[3] != "none")) || (!refused && lines[3] != "billing")
                || answers.Contains("left: ", StringComparison.Ordinal))
                wrong.Add($"{bad.Name}:\n{answers}\n{await RunAsync("journalctl -u unlockd -n 12 -o cat --no-pager")}");
            // A daemon that is stuck fails all that follow.
            if (wrong.Count > 5)
                break;
        }

        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
        Assert.True(wrong.Count == 0, $"{table}\n{string.Join("\n\n", wrong)}");
    }

    [Fact]
    public async Task DamageWhileUnlockedIsToldAndLockedWithoutAFalseProof()
    {
        await ConfigureAsync("format: luks");
        await RunAsync(Make);
        StringBuilder table = new($"{"while unlocked",-28} state\n");
        List<string> wrong = [];
        foreach (Undermining damage in Undermining.All)
        {
            string answers = await RunAsync($$"""
                {{Common}}{{Restore}}
                { {{damage.Prepare}}
                } >/root/begin 2>&1
                unlockctl unlock --passphrase-file /root/other >>/root/begin 2>&1; echo "unlock $?"
                { {{damage.Begin}}
                } >>/root/begin 2>&1
                unlockctl status --json >/root/status; echo "status $?"
                echo "state $(state)"
                echo "said $(unlockctl status | grep 'last error: ')"
                rm -f /root/certificate
                unlockctl lock --deadline 30s --certificate /root/certificate >/root/lock 2>&1
                echo "lock $?" $(tail -n 1 /root/lock)
                [ -e /root/certificate ] && echo issued || echo none
                state
                left | sed 's/^/left: /'
                { {{damage.Mend}}
                } >>/root/begin 2>&1
                unlockctl unlock --passphrase-file /root/other >/root/again 2>&1; echo "again $?" $(cat /var/other/row)
                unlockctl lock >/root/lock 2>&1; echo "relock $?" $(tail -n 1 /root/lock)
                { {{damage.End}}
                } >>/root/begin 2>&1
                sed 's/^/begin: /' /root/begin
                """);
            string[] lines = answers.Split('\n');
            table.AppendLine($"{damage.Name,-28} {lines[2]["state ".Length..]} ({lines[1]}) {lines[3]}\n    {lines[4]} "
                + $"({lines[5]})");
            if (lines[0] != "unlock 0" || (damage.Status is { } code && lines[1] != $"status {code}")
                || !lines[3].Contains(damage.Said, StringComparison.Ordinal)
                || !lines[4].StartsWith($"lock {damage.Lock}", StringComparison.Ordinal)
                || !lines[4].Contains(damage.LockSaid, StringComparison.Ordinal)
                || lines[5] != (damage.Lock == 0 ? "issued" : "none")
                || !answers.Contains("\nagain 0 billing\nrelock 0", StringComparison.Ordinal)
                || answers.Contains("left: ", StringComparison.Ordinal) != damage.Stays)
                wrong.Add($"{damage.Name}:\n{answers}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
        Assert.True(wrong.Count == 0, $"{table}\n{string.Join("\n\n", wrong)}");
    }

    [Theory]
    [InlineData("loop-aes")]
    [InlineData("plain")]
    public async Task LuksContainerIsNotTakenForOneWithoutAHeader(string format)
    {
        await ConfigureAsync($"format: {format}");
        await RunAsync($"{Make}\n{Common}{Restore}");
        string before = await RunAsync($"{Common}sum");
        var refused = await TryUnlockAsync();
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("has a LUKS header: write 'format: luks'", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, await RunAsync($"{Common}sum"));
        Assert.Equal("locked", await StateAsync());
    }
}
