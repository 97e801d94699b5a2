using System.Globalization;
using System.Text.Json;
using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// The disk tells: at the moment when the lock is reported done the disk is copied, and the copy boots as the other
/// node. Controls that are copied without the lock must be caught by the same looks.
/// </summary>
public sealed class MigrationTests
{
    private const string LuksExt4 = "luks, ext4";
    private const string LoopAesExt2 = "loop-aes, ext2";
    private const string LuksXfs = "luks, xfs";

    private const string Fill = """
        sed -i '/^volume:/,/^[a-z]/{/^ *\(format\|filesystem\):/d}' /etc/unlockd/unlockd.yaml
        sed -i "s/^volume:/volume:\n  format: $1\n  filesystem: $2/" /etc/unlockd/unlockd.yaml
        systemctl restart unlockd
        unlockctl unlock --passphrase-file /root/passphrase >/dev/null 2>&1
        set -e
        tar -C /var/secure -xzf /usr/share/unlockd-test/mysql-data.tar.gz
        systemctl reset-failed
        unlockctl unlock >/dev/null
        unlockctl lock >/dev/null
        """;

    // The client says a number only when the server has acknowledged its row.
    private const string Write = """
        seq $1 $(($1 + 900000)) | sed 's/.*/INSERT INTO traffic (sequence, bytes) VALUES (&, 7); SELECT &;/' |
            mariadb --skip-column-names --unbuffered UTM5 >>/mnt/host/acknowledged 2>/dev/null
        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private static readonly Random s_moments = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LuksExt4, 2)]
    [InlineData(LoopAesExt2, 2)]
    [InlineData(LuksXfs, 1)]
    public Task WhatIsLockedIsWholeOnTheOtherNode(string volume, int rounds) => RunAsync(volume, rounds);

    [Theory(Explicit = true)]
    [InlineData(LuksExt4, 50)]
    [InlineData(LoopAesExt2, 25)]
    [InlineData(LuksXfs, 25)]
    public Task WhatIsLockedIsWholeOnTheOtherNodeManyTimes(string volume, int rounds) => RunAsync(volume, rounds);

    private static async Task RunAsync(string volume, int rounds)
    {
        await using Guest guest = await UnlockdGuest.BootAsync(new GuestOptions { Name = "first-node" });
        await PrepareAsync(guest, volume);
        List<double> seconds = [];
        for (int round = 1; round <= rounds; round++)
        {
            await WriteAsync(guest, round);
            string certificate = await RunAsync(guest, "unlockctl lock --reason migration --certificate -");
            seconds.Add(JsonDocument.Parse(certificate).RootElement.GetProperty("seconds")
                .GetProperty("total").GetDouble());
            Assert.Equal([], await CopyAndLookAsync(guest, volume));
        }

        await WriteAsync(guest, rounds + 1);
        IReadOnlyList<string> caught = await CopyAndLookAsync(guest, volume);
        seconds.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{volume}: {rounds} rounds whole; "
                + $"locked within {seconds[rounds / 2]:0.0} s (median), {seconds[^1]:0.0} s (worst)"));
        TestContext.Current.TestOutputHelper?.WriteLine($"control: {string.Join("; ", caught)}");
        Assert.NotEmpty(caught);
    }

    private static async Task PrepareAsync(Guest guest, string volume)
    {
        await guest.ShareAsync(Cancellation);
        if (volume == LoopAesExt2)
        {
            await RunAsync(guest, """
                systemctl stop unlockd; rm /var/encrypt_file
                unlockctl create /var/encrypt_file --size 160M --format loop-aes --passphrase-file /root/passphrase
                """);
        }
        else if (volume == LuksXfs)
        {
            // mkfs.xfs makes nothing smaller than 300 MiB.
            await RunAsync(guest, """
                set -e
                systemctl stop unlockd
                truncate -s 340M /var/encrypt_file
                cryptsetup open --key-file /root/passphrase /var/encrypt_file prepare
                mkfs.xfs -q -f /dev/mapper/prepare
                cryptsetup close prepare
                """);
        }

        await RunAsync(guest, $"cat >/root/writer <<'END'\n{Write}\nEND\n");
        if (volume != LuksExt4)
            await RunAsync(guest, $"set -- {volume.Replace(",", "", StringComparison.Ordinal)}\n{Fill}");
    }

    /// <summary>Unlocks, and comes back at some moment while rows are being written.</summary>
    private static Task<string> WriteAsync(Guest guest, int round) => RunAsync(guest, $"""
        unlockctl unlock --passphrase-file /root/passphrase >/dev/null
        before=$(cat /mnt/host/acknowledged 2>/dev/null | wc -l)
        setsid sh /root/writer {round}000000 >/dev/null 2>&1 &
        until [ $(cat /mnt/host/acknowledged 2>/dev/null | wc -l) -ge $((before + {s_moments.Next(20, 200)})) ]; do
            sleep 0.05
        done
        echo round {round} >/var/secure/unsynced
        echo round {round} >/mnt/host/round
        """);

    /// <summary>
    /// Copies the disk as it is now, boots the copy as the other node and looks whether anything is missing.
    /// </summary>
    /// <returns>What is.</returns>
    private static async Task<IReadOnlyList<string>> CopyAndLookAsync(Guest first, string volume)
    {
        string[] acknowledged = await File.ReadAllLinesAsync(
            Path.Combine(first.ShareDirectory, "acknowledged"), Cancellation);
        string round = (await File.ReadAllTextAsync(Path.Combine(first.ShareDirectory, "round"), Cancellation)).Trim();
        GuestDisk copy = await first.Disk.CopyAsync(Cancellation);
        await using Guest second = await Guest.BootAsync(copy, new GuestOptions { Name = "second-node" }, Cancellation);
        string witness = (await second.RunAsync(Witness(volume), s_patience, cancellationToken: Cancellation)).Output;
        CommandResult unlock = await second.RunAsync(
            "unlockctl unlock --passphrase-file /root/passphrase", s_patience, cancellationToken: Cancellation);
        string[] seen = (await second.RunAsync("""
            cat /var/secure/unsynced; echo
            journalctl -b -u mariadb -o cat | grep -ic 'crash recovery'
            mariadb -BN -e 'SELECT sequence FROM traffic WHERE bytes = 7' UTM5
            """, s_patience, cancellationToken: Cancellation)).Output.Split('\n');

        List<string> missing = [];
        void Expect(bool holds, string otherwise)
        {
            if (!holds)
                missing.Add(otherwise);
        }

        Expect(witness.Contains("clean", StringComparison.OrdinalIgnoreCase)
            && !witness.Contains("not clean", StringComparison.Ordinal)
            && !witness.Contains("needs_recovery", StringComparison.Ordinal),
            $"file system: {witness.ReplaceLineEndings(" ")}");
        Expect(unlock.ExitCode == 0, $"unlock: {unlock.Error}");
        Expect(!unlock.Output.Contains("not unmounted cleanly", StringComparison.Ordinal),
            "unlockd had to check the file system");
        Expect(seen[0] == round, $"un-fsynced file: '{seen[0]}' in place of '{round}'");
        Expect(seen.Contains("0"), "MariaDB made a crash recovery");
        int lost = acknowledged.Except(seen, StringComparer.Ordinal).Count(static row => row.Length > 0);
        Expect(lost == 0, string.Create(CultureInfo.InvariantCulture,
            $"{lost} of {acknowledged.Length} acknowledged rows"));
        return missing;
    }

    /// <summary>Other programs than unlockd, on the volume before it is mounted.</summary>
    private static string Witness(string volume) => volume switch
    {
        LoopAesExt2 => """
            aespipe -d -e AES256 -p 3 3</root/passphrase </var/encrypt_file 2>/dev/null | head -c 1M >/tmp/start
            dumpe2fs -h /tmp/start 2>/dev/null | grep -E 'Filesystem (state|features)'
            """,
        LuksXfs => """
            modprobe -a loop dm_crypt; cryptsetup open --readonly --key-file /root/passphrase /var/encrypt_file look
            xfs_logprint -t /dev/mapper/look 2>&1 | grep -o 'state: <.*>'; cryptsetup close look
            """,
        _ => """
            modprobe -a loop dm_crypt; cryptsetup open --readonly --key-file /root/passphrase /var/encrypt_file look
            dumpe2fs -h /dev/mapper/look 2>/dev/null | grep -E 'Filesystem (state|features)'; cryptsetup close look
            """,
    };

    private static async Task<string> RunAsync(Guest guest, string command) =>
        (await guest.RunAsync(command, s_patience, cancellationToken: Cancellation)).Require();
}
