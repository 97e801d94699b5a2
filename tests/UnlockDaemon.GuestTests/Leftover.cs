namespace UnlockDaemon.GuestTests;

/// <summary>Something left of the volume at /var/secure although it is locked, done in the guest.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="Begin">Commands that leave it, on a locked volume.</param>
/// <param name="End">Commands that take it away.</param>
/// <param name="Said">What the refusal of the certificate names; null where the lock itself takes it away.</param>
public sealed record Leftover(string Name, string Begin, string End, string? Said)
{
    private const string Container = "/var/encrypt_file";
    private const string Unit = "systemd-run -qG --unit=holder -p KillSignal=SIGKILL -p Type=notify "
        + "-p NotifyAccess=all";
    private const string Attach = $"losetup /dev/loop9 {Container}";
    private const string Detach = "losetup -d /dev/loop9";
    private const string OtherDevice = "truncate -s 1M /root/other; losetup /dev/loop9 /root/other";
    private const string Stack = "dmsetup create unlockd-secure --table '0 8 linear /dev/loop9 0'";
    private const string Unlock = "unlockctl unlock --passphrase-file /root/passphrase";
    private const string OpenElsewhere = $"cryptsetup open --key-file /root/passphrase {Container} elsewhere";

    // What was written to by another hand is clean for all that unlockd knows: only a lock of its own can tell.
    private const string Again = $"{Unlock}; unlockctl lock";
    private const string Key = $"cryptsetup:$(cryptsetup luksUUID {Container})-d0";
    private const string Unlink = """
        keyctl unlink "$(cat /root/key)" @u; rm /root/key
        while grep -q cryptsetup: /proc/keys; do sleep 0.1; done
        """;
    private const string Group = "/sys/fs/cgroup/system.slice/sleeper.service";

    /// <summary>Exit code of the lock.</summary>
    public int Code { get; init; } = Said is null ? 0 : 1;

    /// <summary>Whether the lock may instead come in time to see for itself that all is well.</summary>
    public bool OrProven { get; init; }

    /// <summary>Options of the lock.</summary>
    public string Options { get; init; } = "";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Leftover> All { get; } =
    [
        new("loop device", Attach, Detach, null),
        new("loop device by a hard link", $"ln {Container} /var/link; losetup /dev/loop9 /var/link",
            $"{Detach}; rm /var/link", null),
        new("loop device, read-only", $"losetup -r /dev/loop9 {Container}", Detach, "/dev/loop9"),
        new("two loop devices", $"{Attach}; losetup /dev/loop10 {Container}",
            $"{Detach}; losetup -d /dev/loop10", null),
        new("autoclear loop device, still open", $"{Attach}; {Unit} python3 /root/holder.py file /dev/loop9; {Detach}",
            $"systemctl stop holder; {Detach}", "/dev/loop9"),
        new("loop device on the loop device", $"{Attach}; losetup /dev/loop10 /dev/loop9",
            $"losetup -d /dev/loop10; {Detach}", "/dev/loop9"),
        new("mapping of our name, on no device", "dmsetup create unlockd-secure --table '0 8 zero'",
            Again, "no superblock could be read"),
        new("mapping of our name, on another device", $"{OtherDevice}; {Stack}",
            $"dmsetup remove unlockd-secure; {Detach}", "unlockd-secure"),
        new("mapping of our name, removal deferred",
            $"{OtherDevice}; {Stack}; {Unit} python3 /root/holder.py file /dev/mapper/unlockd-secure; "
                + "dmsetup remove --deferred unlockd-secure",
            $"systemctl stop holder; {Detach}", "unlockd-secure"),
        new("mapping of another name", OpenElsewhere, "cryptsetup close elsewhere", "/dev/loop"),
        new("mounted elsewhere", $"{OpenElsewhere}; mount /dev/mapper/elsewhere /mnt",
            $"umount /mnt; cryptsetup close elsewhere; {Again}", "/dev/loop"),
        new("mounted elsewhere, in another namespace",
            $"{OpenElsewhere}; {Unit} unshare --mount --propagation private "
                + "sh -c 'mount /dev/mapper/elsewhere /mnt; exec python3 /root/holder.py none -'",
            $"systemctl stop holder; cryptsetup close elsewhere; {Again}", "/dev/loop"),
        new("mount on the mount point", "mount -t tmpfs none /var/secure", "umount /var/secure",
            "none is mounted on /var/secure") { Code = 5 },
        new("opened and mounted by hand", $"{OpenElsewhere}; mount /dev/mapper/elsewhere /var/secure",
            $"umount /var/secure; cryptsetup close elsewhere; {Again}",
            "/dev/mapper/elsewhere is mounted on /var/secure") { Code = 5 },
        new("mount on it in another namespace",
            $"{Unit} unshare --mount --propagation private "
                + "sh -c 'mount -t tmpfs none /var/secure; exec python3 /root/holder.py none -'",
            "systemctl stop holder", null),
        new("key in a keyring", $"keyctl add user {Key} secret @u >/root/key", Unlink, "cryptsetup:"),
        new("key that nobody can read", $"keyctl add logon {Key} secret @u >/root/key", Unlink, "cryptsetup:"),
        new("service running", "systemctl start sleeper", "systemctl stop sleeper", null),
        new("service that does not stop",
            $$"""
            mkdir -p /run/systemd/system/sleeper.service.d
            printf \
                "[Service]\nTimeoutStopSec=infinity\nExecStop=/bin/sh -c 'trap : TERM; while :; do sleep 9; done'\n" \
                >/run/systemd/system/sleeper.service.d/stop.conf
            systemctl daemon-reload; systemctl start sleeper
            """,
            "rm /run/systemd/system/sleeper.service.d/stop.conf; systemctl daemon-reload; "
                + "systemctl kill -s KILL sleeper; systemctl stop sleeper; systemctl reset-failed",
            "sleeper") { Options = "--deadline 4s" },
        new("process in a stopped unit's group", $"mkdir -p {Group}; sleep infinity & echo $! >{Group}/cgroup.procs",
            $"echo 1 >{Group}/cgroup.kill", null),
        new("process there that does not end",
            $"""
            dmsetup create wedge --table '0 8 zero'; dmsetup suspend wedge
            mkdir -p {Group}; dd if=/dev/mapper/wedge of=/dev/null count=1 & echo $! >{Group}/cgroup.procs
            """,
            "dmsetup resume wedge; udevadm settle; dmsetup remove wedge", "sleeper") { Options = "--deadline 4s" },
        new("superblock not clean",
            $"{Unlock}; systemctl stop sleeper; umount /var/secure; "
                + "debugfs -w -R 'ssv state 0' /dev/mapper/unlockd-secure",
            Again, "not clean"),
        new("journal to be recovered",
            $"{Unlock}; systemctl stop sleeper; umount /var/secure; "
                + "debugfs -w -R 'feature needs_recovery' /dev/mapper/unlockd-secure",
            Again, "needs recovery"),
        new("unmounted by somebody else",
            $"{Unlock}; systemctl stop sleeper; umount /var/secure; cryptsetup close unlockd-secure",
            Again, "it was not unlockd that unmounted it"),
        new("open in a worker of udev's for a moment",
            $"""
            {Unlock}
            group=$(cut -d: -f3 "/proc/$(systemctl show -P MainPID systemd-udevd)/cgroup")
            sleep 2 3</dev/mapper/unlockd-secure & echo $! >"/sys/fs/cgroup$group/cgroup.procs"
            until [ -e "/proc/$!/fd/3" ]; do :; done
            """,
            "", null),
        new("removal of the mapping deferred", $"{Unlock}; dmsetup remove --deferred unlockd-secure",
            Again, "it was not unlockd that unmounted it") { OrProven = true },
        new("mapping of a configuration that is gone", "dmsetup create unlockd-gone --table '0 8 zero'",
            "dmsetup remove unlockd-gone", "/dev/mapper/unlockd-gone, which no configuration names"),
        new("container gone", $"mv {Container} /var/away", $"mv /var/away {Container}", Container),
    ];
}
