namespace UnlockDaemon.GuestTests;

/// <summary>Something done to the container, or to its disk, while it is unlocked.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="Begin">Commands that do it.</param>
/// <param name="Status">
/// Exit code of status afterwards; null where it depends on how far the kernel has written back.
/// </param>
/// <param name="Said">What status says as the last error.</param>
/// <param name="Lock">Exit code of lock.</param>
/// <param name="LockSaid">What lock says.</param>
/// <param name="Mend">Commands that mend it, as the message says.</param>
public sealed record Undermining(
    string Name, string Begin, int? Status, string Said, int Lock, string LockSaid, string Mend)
{
    private const string Unproven = "locked, but not proven: superblock clean: ";
    private const string Gold = "rm -rf $file; cp --sparse=always /root/gold $file";

    private const string Disk = """
        truncate -s 48M /root/disk; mke2fs -qFt ext2 /root/disk; losetup /dev/loop9 /root/disk
        dmsetup create disk --table "0 98304 linear /dev/loop9 0"
        mkdir -p /mnt/disk; mount /dev/mapper/disk /mnt/disk
        cp --sparse=always /root/gold /mnt/disk/file; rm $file; ln -s /mnt/disk/file $file; sync
        """;

    private const string NoDisk = "umount /mnt/disk; dmsetup remove --retry disk; losetup -d /dev/loop9; rm -f $file";

    private const string Save = """
        device=$(losetup -nl -O NAME,BACK-FILE | awk '/deleted/ { print $1 }')
        cp --sparse=always $device $file.saved; losetup -d $device; mv $file.saved $file
        """;

    /// <summary>Commands before the unlock.</summary>
    public string Prepare { get; init; } = "true";

    /// <summary>Commands at the end.</summary>
    public string End { get; init; } = "true";

    /// <summary>Whether something of it is left attached after the lock, so that it can be saved.</summary>
    public bool Stays { get; init; }

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Undermining> All { get; } =
    [
        new("nothing", "true", 0, "", 0, "locked and proven", "true"),
        new("moved away", "mv $file $file.away", 1, "was moved to /var/other_file.away", 1, Unproven,
            "mv $file.away $file"),
        new("moved away, another put there", "mv $file $file.away; cp /root/gold $file", 1,
            "another file is in its place",
            1, Unproven, "mv $file.away $file"),
        new("moved away and back", "mv $file $file.away; unlockctl status; mv $file.away $file", 0, "", 0,
            "locked and proven", "true"),
        new("deleted", "rm $file", 1, "was deleted while it was unlocked", 1,
            "save it with 'cp", Save) { Stays = true },
        new("renamed over", "cp /root/gold $file.new; mv $file.new $file", 1, "was replaced while it was unlocked",
            1, "save it with 'cp", Save) { Stays = true },
        new("truncated", "truncate -s 20M $file", 1, "was truncated while it was unlocked", 1, "", Gold),
        new("header overwritten", "dd if=/dev/zero of=$file bs=1M count=1 conv=notrunc status=none; sync", 1,
            "Do not lock it", 1, Unproven, Gold),
        new("its disk fails", "dmsetup suspend --noflush --nolockfs disk; dmsetup reload disk --table '0 98304 error'; "
            + "dmsetup resume disk; echo lost >/var/other/lost; sync", 1, "has had errors",
            5, "'unlockctl panic' takes the volume down", "unlockctl panic; unlockctl lock; " + NoDisk + "; " + Gold)
        {
            Prepare = Disk,
            Stays = true,
        },
        new("its disk is full", "dd if=/dev/zero of=/mnt/disk/fill bs=64k; "
            + "dd if=/dev/urandom of=/var/other/fill bs=64k; sync", null, "",
            5, "Input/output error", """
                rm /mnt/disk/fill; unlockctl lock
                unlockctl unlock --passphrase-file /root/other || e2fsck -fy /dev/mapper/unlockd-other
                """)
        {
            Prepare = Disk,
            End = NoDisk,
            Stays = true,
        },
    ];
}
