using System.Globalization;
using UnlockDaemon.Benchmarks;
using UnlockDaemon.Rig;

// Figures of unlockd beside those of other ways, and of another package of it where one is named: measured in turns, in
// guests of one kind that run at the same time. Ratios are what counts: a guest's absolute times are its own. Needs a
// package in packaging/out; run as root.   Benchmarks [OTHER.deb]
const int Rounds = 7;
const int TombRounds = 3; // A round takes almost a minute.
const int Starts = 10;
using CancellationTokenSource limit = new(TimeSpan.FromMinutes(60));
string[] packages = [GuestImage.FindPackage()!, .. args.Take(1)];
Table.Begin(args.FirstOrDefault());
if (File.Exists("/usr/bin/systemd-nspawn"))
    await MeasureBareMachineAsync();
else
    Table.Tell("exec to prompt, bare machine", "not measured: install systemd-container", "");

List<Guest> guests = [];
foreach (string package in packages)
    guests.Add(await PrepareAsync(package));
Table table = new([.. guests.Select(guest => (Func<string, Task<string>>)(command => RunAsync(guest, command)))]);

await RunOnAllAsync("systemctl stop unlockd");
await table.TimeAsync("exec to prompt, guest", Rounds, "perl /root/first-prompt", "<= 0.2 s");
await RunOnAllAsync("systemctl start unlockd");
await table.TimeAsync("unlockctl status, guest", Rounds,
    $"S=$(date +%s%N); for i in $(seq {Starts}); do unlockctl status; done >/dev/null; "
        + $"echo $(( ($(date +%s%N) - S) / {Starts}000000 ))e-3", "<= 0.06 s");

// Threads of the pool leave after 20 s without work; those that stay are looked at.
foreach ((Guest guest, string package) in guests.Zip(packages))
{
    string idle = await RunAsync(guest, """
        sleep 30
        switches() { cat /proc/$(pidof unlockd)/task/*/status | awk '/ctxt/ { n += $2 } END { print n }'; }
        grep -E '^(VmRSS|RssAnon)' /proc/$(pidof unlockd)/status | awk '{ printf "%s %.2f MiB, ", $1, $2 / 1024 }'
        before=$(switches); sleep 60; echo "context switches in 60 s: $(( $(switches) - before ))"
        """);
    Table.Tell($"idle, locked, {Path.GetFileName(package)}", idle, "14 MiB, 4 MiB, 0");
}

const string Unlock = "perl /root/call Unlock '\"mounted on'; perl /root/call Lock certificate >/dev/null";
const string PlainOpen = "cryptsetup open --key-file /root/passphrase /var/encrypt_file plain && "
    + "mount /dev/mapper/plain /var/secure";
const string PlainClose = "umount /var/secure; cryptsetup close plain";
const string SystemdOpen =
    "/lib/systemd/systemd-cryptsetup attach plain /var/encrypt_file /root/passphrase && "
        + "mount /dev/mapper/plain /var/secure";
await table.CompareAsync("passphrase to mounted", Rounds, Unlock, "<= 0.5",
    ("cryptsetup open; mount", Timed(PlainOpen, PlainClose)),
    ("systemd-cryptsetup attach; mount", Timed(SystemdOpen, PlainClose)));
await table.CompareAsync("lock", Rounds,
    "perl /root/call Unlock '\"state\":\"ready\"' >/dev/null; perl /root/call Lock '\"certificate\"'", "<= 0.6",
    ("systemctl stop; umount; cryptsetup close",
        $"{PlainOpen}; systemctl start mariadb; {Timed($"systemctl stop mariadb; {PlainClose}", "true")}"));
await table.CompareAsync("passphrase to all services ready", Rounds,
    "perl /root/call Unlock '^{\"parameters\":{\"state\"'; perl /root/call Lock certificate >/dev/null", "<= 1.0",
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

if (await Tomb.TryInstallAsync(guests[0], limit.Token) is { } reason)
    Table.Tell("beside tomb", reason, "");
else
    await table.CompareAsync("passphrase to mounted", TombRounds, Unlock, "",
        ("tomb open", Timed(Tomb.Open, Tomb.Close)));

// The guests have one processor. What a panic leaves is an unclean file system, which the next unlock checks.
foreach ((string what, int writers, string wanted) in
    ((string, int, string)[])[("idle", 0, "<= 0.08 s"), ("three endless writers", 3, "<= 0.3 s")])
{
    await table.TimeAsync($"panic to key out, {what}", Rounds, $"""
        perl /root/call Unlock '"state":"ready"' >/dev/null
        for i in $(seq {writers}); do
            (while dd if=/dev/zero of=/var/secure/w$i bs=1M count=16 conv=notrunc 2>/dev/null; do :; done) &
        done
        [ {writers} = 0 ] || until [ -s /var/secure/w{writers} ]; do :; done
        unlockctl panic >/tmp/panic; kill $(jobs -p) 2>/dev/null; wait
        sed -n 's/.*out of the kernel.s memory \([0-9.]*\) s after.*/\1/p' /tmp/panic
        """, wanted);
}

foreach ((Guest guest, string package) in guests.Zip(packages))
{
    long size = long.Parse(await RunAsync(guest, "stat -c %s /usr/bin/unlockd"), CultureInfo.InvariantCulture);
    Table.Tell($"executable / package, {Path.GetFileName(package)}",
        $"{size / 1e6:0.0} MB / {new FileInfo(package).Length / 1e6:0.0} MB", "<= 10 / 3.8 MB");
    await guest.DisposeAsync();
}

return 0;

static string Timed(string command, string undo) =>
    $"S=$(date +%s%N); {{ {command}; }} >/dev/null 2>&1; E=$(date +%s%N); echo $(( (E - S) / 1000000 ))e-3; "
        + $"{{ {undo}; }} >/dev/null 2>&1";

async Task MeasureBareMachineAsync()
{
    List<BareMachine> machines = [];
    foreach (string package in packages)
    {
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, package, limit.Token);
        machines.Add(await BareMachine.BootAsync(image, limit.Token));
        await machines[^1].RunAsync("systemctl stop unlockd", [], limit.Token);
    }

    Table bare = new([.. machines.Select(machine =>
        (Func<string, Task<string>>)(command => machine.RunAsync(command, Script.FirstPrompt, limit.Token)))]);
    await bare.TimeAsync("exec to prompt, bare machine", Rounds, "perl -", "<= 0.025 s");
    foreach (BareMachine machine in machines)
        await machine.DisposeAsync();
}

async Task<Guest> PrepareAsync(string package)
{
    GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, package, limit.Token);
    Guest guest = await Guest.BootAsync(image, new GuestOptions { Name = "benchmark" }, limit.Token);
    await EncryptedVolume.CreateAsync(guest, limit.Token);
    await guest.WriteFileAsync("/root/call", Script.Call, limit.Token);
    await guest.WriteFileAsync("/root/first-prompt", Script.FirstPrompt, limit.Token);
    await RunAsync(guest,
        "sed -i '/utm5_core:/,/utm5_rfw/d' /etc/unlockd/unlockd.yaml; unlockctl apply >/dev/null");
    return guest;
}

async Task RunOnAllAsync(string command)
{
    foreach (Guest guest in guests)
        await RunAsync(guest, command);
}

async Task<string> RunAsync(Guest guest, string command) =>
    (await guest.RunAsync(command, TimeSpan.FromMinutes(3), cancellationToken: limit.Token)).Require();
