using System.Globalization;
using UnlockDaemon.Rig;

// Figures of unlockd beside those of the plain commands, measured in one guest, in turns. Ratios are what counts: a
// guest's absolute times are its own. Needs a package in packaging/out.
const int Rounds = 7;
using CancellationTokenSource limit = new(TimeSpan.FromMinutes(20));
GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, GuestImage.FindPackage(), limit.Token);
await using Guest guest = await Guest.BootAsync(image, new GuestOptions { Name = "benchmark" }, limit.Token);
await RunAsync("""
    set -e
    modprobe -a loop dm_crypt
    printf 'correct horse battery' >/root/passphrase
    truncate -s 160M /var/encrypt_file
    cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /var/encrypt_file /root/passphrase
    cryptsetup open --key-file /root/passphrase /var/encrypt_file prepare
    mkfs.ext4 -q /dev/mapper/prepare
    mkdir -p /mnt/prepare /var/secure
    mount /dev/mapper/prepare /mnt/prepare
    tar -C /mnt/prepare -xzf /usr/share/unlockd-test/mysql-data.tar.gz
    umount /mnt/prepare
    cryptsetup close prepare
    sed -i '/utm5_core:/,/utm5_rfw/d' /etc/unlockd/unlockd.yaml
    unlockctl apply >/dev/null
    systemctl stop unlockd
    """);
await guest.WriteFileAsync("/root/call", """
    # Calls the daemon as unlockctl does, without the start of a program; prints the seconds until a reply has the word.
    use IO::Socket::UNIX; use Time::HiRes 'time'; use MIME::Base64;
    my ($method, $word) = @ARGV;
    my $socket = IO::Socket::UNIX->new(Peer => '/run/unlockd/org.unlockd') or die;
    my $secret = $method eq 'Unlock' ? '"passphrase":"' . encode_base64('correct horse battery', '') . '"' : '';
    my ($start, $at) = time;
    print $socket "{\"method\":\"org.unlockd.$method\",\"more\":true,\"parameters\":{$secret}}\0"; $socket->flush;
    $/ = "\0";
    while (<$socket>) { $at //= time - $start if /$word/; last unless /"continues"/ }
    printf "%.3f\n", $at;
    """, limit.Token);

Console.WriteLine("| what | unlockd | plain commands | ratio |");
Console.WriteLine("|---|---|---|---|");
await CompareAsync("start of the daemon to its prompt", "systemctl stop unlockd; S=$(date +%s%N); systemctl start unlockd; E=$(date +%s%N); echo $(( (E - S) / 1000000 ))e-3", null);
// Threads of the pool leave after 20 s without work; those that stay are looked at.
string idle = await RunAsync("""
    sleep 30
    switches() { for t in /proc/$(pidof unlockd)/task/*; do awk -v t="$t" '/ctxt/ { n += $2 } END { print t, n }' "$t/status"; done | sort; }
    grep -E '^(VmRSS|RssAnon)' /proc/$(pidof unlockd)/status | awk '{ printf "%s %.1f MiB, ", $1, $2 / 1024 }'
    switches >/tmp/before; sleep 60; switches >/tmp/after
    echo "context switches in 60 s: $(join /tmp/before /tmp/after | awk '{ n += $3 - $2 } END { print n }')"
    """);
Console.WriteLine($"| idle, locked: {idle} | | | |");
await CompareAsync("passphrase to mounted", "perl /root/call Unlock '\"mounted on'; perl /root/call Lock certificate >/dev/null",
    Timed("cryptsetup open --key-file /root/passphrase /var/encrypt_file plain && mount /dev/mapper/plain /var/secure", "umount /var/secure; cryptsetup close plain"));
await CompareAsync("lock", "perl /root/call Unlock '\"state\":\"ready\"' >/dev/null; perl /root/call Lock '\"certificate\"'",
    "cryptsetup open --key-file /root/passphrase /var/encrypt_file plain; mount /dev/mapper/plain /var/secure; systemctl start mariadb; "
    + Timed("systemctl stop mariadb; umount /var/secure; cryptsetup close plain", "true"));
await CompareAsync("passphrase to all services ready", "perl /root/call Unlock '^{\"parameters\":{\"state\"'; perl /root/call Lock certificate >/dev/null",
    "cryptsetup open --key-file /root/passphrase /var/encrypt_file plain; mount /dev/mapper/plain /var/secure; "
    + Timed("systemctl start mariadb; until mysqladmin ping >/dev/null 2>&1; do :; done", "systemctl stop mariadb; umount /var/secure; cryptsetup close plain"));
string size = await RunAsync("stat -c %s /usr/bin/unlockd");
Console.WriteLine($"| executable: {long.Parse(size, CultureInfo.InvariantCulture) / 1e6:0.0} MB | | | |");
return 0;

static string Timed(string command, string undo) =>
    $"S=$(date +%s%N); {command}; E=$(date +%s%N); echo $(( (E - S) / 1000000 ))e-3; {undo}";

async Task CompareAsync(string what, string ours, string? theirs)
{
    List<double> unlockd = [], plain = [];
    for (int i = 0; i < Rounds; i++)
    {
        unlockd.Add(Seconds(await RunAsync(ours)));
        if (theirs is not null)
            plain.Add(Seconds(await RunAsync(theirs)));
    }

    string text = theirs is null
        ? $"{Median(unlockd):0.00} s | | |"
        : $"{Median(unlockd):0.00} s | {Median(plain):0.00} s | {Median(unlockd) / Median(plain):0.00} |";
    Console.WriteLine($"| {what} (median of {Rounds}) | {text}");
}

static double Seconds(string output) => double.Parse(
    output.Split('\n').Last(static line => line.Length > 0 && char.IsAsciiDigit(line[0])), CultureInfo.InvariantCulture);

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

async Task<string> RunAsync(string command) =>
    (await guest.RunAsync(command, TimeSpan.FromMinutes(3), cancellationToken: limit.Token)).Require();
