using System.Globalization;
using UnlockDaemon.Benchmarks;
using UnlockDaemon.Rig;

// Figures of unlockd beside those of other ways, measured in one guest, in turns. Ratios are what counts: a guest's
// absolute times are its own. Needs a package in packaging/out; run as root.
const int Rounds = 7;
const int TombRounds = 3; // A round takes almost a minute.
using CancellationTokenSource limit = new(TimeSpan.FromMinutes(40));
GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, GuestImage.FindPackage(), limit.Token);
Table.Begin();
if (File.Exists("/usr/bin/systemd-nspawn"))
    await MeasureBareMachineAsync();
else
    Table.Tell("exec to prompt, bare machine", "not measured: install systemd-container", "");

await using Guest guest = await Guest.BootAsync(image, new GuestOptions { Name = "benchmark" }, limit.Token);
await EncryptedVolume.CreateAsync(guest, limit.Token);
await guest.WriteFileAsync("/root/call", Script.Call, limit.Token);
await guest.WriteFileAsync("/root/first-prompt", Script.FirstPrompt, limit.Token);
await RunAsync("sed -i '/utm5_core:/,/utm5_rfw/d' /etc/unlockd/unlockd.yaml; unlockctl apply >/dev/null; "
    + "systemctl stop unlockd");
Table table = new(RunAsync);

await Table.TimeAsync("exec to prompt, guest", Rounds, () => RunAsync("perl /root/first-prompt"), "<= 1.2 s");
await RunAsync("systemctl start unlockd");
// Threads of the pool leave after 20 s without work; those that stay are looked at. The runtime's finalizer thread
// wakes every 10 s by itself.
string idle = await RunAsync("""
    sleep 30
    switches() {
        for t in /proc/$(pidof unlockd)/task/*; do
            awk -v t="$t" '/ctxt/ { n += $2 } END { print t, n }' "$t/status"
        done | sort
    }
    grep -E '^(VmRSS|RssAnon)' /proc/$(pidof unlockd)/status | awk '{ printf "%s %.2f MiB, ", $1, $2 / 1024 }'
    switches >/tmp/before; sleep 60; switches >/tmp/after
    finalizer=$(grep -l Finalizer /proc/$(pidof unlockd)/task/*/comm)
    join /tmp/before /tmp/after | awk -v "finalizer=${finalizer%/comm}" '
        { n += $3 - $2 } $1 == finalizer { of = $3 - $2 }
        END { print "context switches in 60 s: " n ", of them by the finalizer thread: " of }'
    """);
Table.Tell("idle, locked", idle, "28 MiB, 5 MiB, 6");

const string Unlock = "perl /root/call Unlock '\"mounted on'; perl /root/call Lock certificate >/dev/null";
const string PlainOpen = "cryptsetup open --key-file /root/passphrase /var/encrypt_file plain && "
    + "mount /dev/mapper/plain /var/secure";
const string PlainClose = "umount /var/secure; cryptsetup close plain";
const string SystemdOpen =
    "/lib/systemd/systemd-cryptsetup attach plain /var/encrypt_file /root/passphrase && "
        + "mount /dev/mapper/plain /var/secure";
await table.CompareAsync("passphrase to mounted", Rounds, Unlock, "<= 0.8",
    ("cryptsetup open; mount", Timed(PlainOpen, PlainClose)),
    ("systemd-cryptsetup attach; mount", Timed(SystemdOpen, PlainClose)));
await table.CompareAsync("lock", Rounds,
    "perl /root/call Unlock '\"state\":\"ready\"' >/dev/null; perl /root/call Lock '\"certificate\"'", "<= 0.9",
    ("systemctl stop; umount; cryptsetup close",
        $"{PlainOpen}; systemctl start mariadb; {Timed($"systemctl stop mariadb; {PlainClose}", "true")}"));
await table.CompareAsync("passphrase to all services ready", Rounds,
    "perl /root/call Unlock '^{\"parameters\":{\"state\"'; perl /root/call Lock certificate >/dev/null", "<= 1.1",
    ("systemctl start until ready, volume mounted before",
        $"{PlainOpen}; " + Timed("systemctl start mariadb; until mysqladmin ping >/dev/null 2>&1; do :; done",
            $"systemctl stop mariadb; {PlainClose}")));
const string Larger = "SIZE=$(( $(stat -c %s /var/encrypt_file) + (48 << 20) ))";
await table.CompareAsync("grow by 48 MiB, mounted", Rounds,
    $"perl /root/call Unlock '\"mounted on' >/dev/null; {Larger}; "
        + "perl /root/call Grow '^{\"parameters\":{\"size\"' $SIZE; perl /root/call Lock certificate >/dev/null", "",
    ("fallocate; losetup -c; cryptsetup resize; resize2fs",
        $"{PlainOpen}; {Larger}; LOOP=$(losetup -nO NAME -j /var/encrypt_file); "
            + Timed("fallocate -l $SIZE /var/encrypt_file; losetup -c $LOOP; "
                + "cryptsetup resize --key-file /root/passphrase plain; resize2fs /dev/mapper/plain", PlainClose)));
// Once as it is, with two seconds of key derivation each time a slot is made or opened, and once almost without.
(string, string)[] derivations = [("", ""), (", 50 ms of key derivation", "--iter-time 50")];
foreach ((string what, string options) in derivations)
{
    await table.CompareAsync($"create, 256M{what}", Rounds,
        Timed($"unlockctl create /var/made --size 256M {options} --passphrase-file /root/passphrase",
            "rm -f /var/made"), "<= 1.1",
        ("fallocate; cryptsetup luksFormat; open; mkfs; close", Timed($"""
            fallocate -l 256M /var/made && cryptsetup luksFormat -q {options} /var/made /root/passphrase &&
            cryptsetup open --key-file /root/passphrase /var/made made && mkfs.ext4 -q -b 4096 /dev/mapper/made &&
            cryptsetup close made && sync /var/made
            """, "rm -f /var/made")));
}

if (await Tomb.TryInstallAsync(guest, limit.Token) is { } reason)
    Table.Tell("beside tomb", reason, "");
else
    await table.CompareAsync("passphrase to mounted", TombRounds, Unlock, "",
        ("tomb open", Timed(Tomb.Open, Tomb.Close)));

long size = long.Parse(await RunAsync("stat -c %s /usr/bin/unlockd"), CultureInfo.InvariantCulture);
Table.Tell("size of the executable", $"{size / 1e6:0.0} MB", "<= 25 MB");
return 0;

static string Timed(string command, string undo) =>
    $"S=$(date +%s%N); {{ {command}; }} >/dev/null 2>&1; E=$(date +%s%N); echo $(( (E - S) / 1000000 ))e-3; "
        + $"{{ {undo}; }} >/dev/null 2>&1";

async Task MeasureBareMachineAsync()
{
    await using BareMachine machine = await BareMachine.BootAsync(image, limit.Token);
    await machine.RunAsync("systemctl stop unlockd", [], limit.Token);
    await Table.TimeAsync("exec to prompt, bare machine", Rounds,
        () => machine.RunAsync("perl -", Script.FirstPrompt, limit.Token), "<= 0.15 s");
}

async Task<string> RunAsync(string command) =>
    (await guest.RunAsync(command, TimeSpan.FromMinutes(3), cancellationToken: limit.Token)).Require();
