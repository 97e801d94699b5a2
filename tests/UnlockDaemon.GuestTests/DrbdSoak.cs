using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Two nodes with a real DRBD device between them: what one has locked, the other one has whole. Explicit, as two
/// guests and their database take a while; tests/soak runs it.
/// </summary>
public sealed class DrbdSoak
{
    private const string Fill = """
        set -e
        modprobe -a loop dm_crypt
        drbdadm -- --clear-bitmap new-current-uuid r0
        drbdadm primary r0
        mkfs.ext4 -q /dev/drbd0
        mount /dev/drbd0 /srv
        truncate -s 160M /srv/encrypt_file
        cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /srv/encrypt_file /root/passphrase
        cryptsetup open --key-file /root/passphrase /srv/encrypt_file prepare
        mkfs.ext4 -q /dev/mapper/prepare
        mkdir -p /mnt/prepare
        mount /dev/mapper/prepare /mnt/prepare
        tar -C /mnt/prepare -xzf /usr/share/unlockd-test/mysql-data.tar.gz
        umount /mnt/prepare
        cryptsetup close prepare
        """;

    private const string Unlock = """
        set -e
        unlockctl apply >/dev/null
        systemctl restart unlockd
        unlockctl unlock --passphrase-file /root/passphrase
        """;

    private const string Write = """
        until [ "$(cat /var/secure/utm5/iptraffic_raw_*.utm 2>/dev/null | wc -l)" -ge 10 ]; do sleep 0.5; done
        head -c 300000 /dev/urandom >/var/secure/unsynced
        sha256sum </var/secure/unsynced
        cat /var/secure/utm5/iptraffic_raw_*.utm | wc -l
        """;

    private const string Promote = """
        set -e
        drbdadm disconnect --force r0
        drbdadm primary r0
        mount /dev/drbd0 /srv
        """;

    private const string Look = """
        systemctl stop utm5_rfw utm5_radius utm5_core
        sha256sum </var/secure/unsynced
        ls -tr /var/secure/utm5/iptraffic_raw_*.utm | head -n 1 | xargs cat >/tmp/raw
        wc -l </tmp/raw
        mariadb -BN -e 'SELECT sequence, bytes FROM traffic ORDER BY id' UTM5 | tr '\t' ' ' |
            head -n "$(wc -l </tmp/raw)" | cmp - /tmp/raw && echo same
        journalctl -b -u mariadb -o cat | grep -c 'crash recovery'
        true
        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task WhatOneNodeLockedTheOtherHasWhole()
    {
        Handover handover = await HandOverAsync(locked: true);
        string[] seen = handover.Seen;
        Assert.DoesNotContain("was not unmounted cleanly", handover.Progress, StringComparison.Ordinal);
        Assert.Equal(handover.Digest, seen[0]);
        Assert.True(int.Parse(seen[1]) >= handover.Rows, $"{handover.Rows} rows were written, {seen[1]} are there");
        Assert.Equal(["same", "0"], seen[2..]);
    }

    /// <summary>The control: the same checks must see what a node that was not locked has lost.</summary>
    [Fact(Explicit = true)]
    public async Task WhatWasNotLockedIsNotWhole()
    {
        Handover handover = await HandOverAsync(locked: false);
        Assert.Contains("was not unmounted cleanly", handover.Progress, StringComparison.Ordinal);
        Assert.NotEqual(handover.Digest, handover.Seen[0]);
        Assert.NotEqual("0", handover.Seen[^1]);
    }

    /// <summary>Locks the first node, or not, and pulls its plug; then the second node takes over.</summary>
    private static async Task<Handover> HandOverAsync(bool locked)
    {
        await using GuestNetwork network = await GuestNetwork.CreateAsync(Cancellation);
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, GuestImage.FindPackage(), Cancellation);
        using GuestDisk firstDisk = GuestDisk.Empty(400 << 20), secondDisk = GuestDisk.Empty(400 << 20);
        await using Guest first = await BootAsync(image, "drbd-first", network, firstDisk);
        await using Guest second = await BootAsync(image, "drbd-second", network, secondDisk);
        string resource = Resource(first.Address, second.Address);
        string package = await FetchUtilitiesAsync();
        await Task.WhenAll(
            AttachAsync(first, "first", package, resource), AttachAsync(second, "second", package, resource));
        await RunAsync(first, Fill);
        await RunAsync(first, Unlock);
        string[] written = (await RunAsync(first, Write)).Split('\n');
        if (locked)
            await RunAsync(first, "unlockctl lock --hold --reason migration");
        await first.KillAsync();

        await RunAsync(second, Promote);
        string progress = await RunAsync(second, Unlock);
        return new Handover(written[0], int.Parse(written[1]), progress, (await RunAsync(second, Look)).Split('\n'));
    }

    private static Task<Guest> BootAsync(GuestImage image, string name, GuestNetwork network, GuestDisk disk) =>
        Guest.BootAsync(image, new GuestOptions { Name = name, Network = network, Disks = [disk] }, Cancellation);

    /// <summary>The Debian package drbd-utils, which the guests' image is spared.</summary>
    private static async Task<string> FetchUtilitiesAsync()
    {
        string directory = Directory.CreateDirectory(Path.Combine(Workplace.Cache, "packages")).FullName;
        const string Fetch = """
            cd "$1"
            ls drbd-utils_*.deb >/dev/null 2>&1 || { apt-get -q update && apt-get -q download drbd-utils; } >&2
            ls "$PWD"/drbd-utils_*.deb
            """;
        return (await HostCommand.RunAsync(
            "sh", ["-c", Fetch, "fetch", directory], timeout: s_patience, cancellationToken: Cancellation)).Require();
    }

    private static async Task AttachAsync(Guest guest, string name, string package, string resource)
    {
        await guest.PushAsync(package, "/root/drbd-utils.deb", Cancellation);
        await RunAsync(guest, "mkdir -p /etc/drbd.d");
        await guest.WriteFileAsync("/etc/drbd.d/r0.res", resource, Cancellation);
        await RunAsync(guest, Attach(name));
    }

    private static string Resource(string first, string second) => $$"""
        resource r0 {
            net { protocol C; ping-int 2; }
            device /dev/drbd0;
            disk /dev/ubdb;
            meta-disk internal;
            on first { address {{first}}:7789; }
            on second { address {{second}}:7789; }
        }
        """;

    private static string Attach(string name) => $"""
        set -e
        hostname {name}
        modprobe drbd
        dpkg -i /root/drbd-utils.deb >/dev/null
        sed -i 's|/var/encrypt_file|/srv/encrypt_file|' /etc/unlockd/unlockd.yaml
        printf '{UnlockdGuest.Passphrase}' >/root/passphrase
        drbdadm create-md --force r0 2>&1
        drbdadm up r0
        drbdadm wait-connect r0
        """;

    private static async Task<string> RunAsync(Guest guest, string command) =>
        (await guest.RunAsync(command, s_patience, cancellationToken: Cancellation)).Require();

    /// <param name="Digest">Of the file that was written last, and never synced.</param>
    /// <param name="Rows">So many had MySQL acknowledged.</param>
    /// <param name="Progress">What the second node's unlock said.</param>
    /// <param name="Seen">
    /// On the second node: digest, rows, whether they are the same as in MySQL, InnoDB's crash recoveries.
    /// </param>
    private sealed record Handover(string Digest, int Rows, string Progress, string[] Seen);
}
