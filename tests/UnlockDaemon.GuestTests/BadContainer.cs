namespace UnlockDaemon.GuestTests;

/// <summary>A container that is not as it should be, and what comes of unlocking it.</summary>
/// <param name="Name">What it is called in the table.</param>
/// <param name="Begin">Commands that make it of the good one at $file.</param>
/// <param name="Code">Exit code of unlock.</param>
/// <param name="State">The state afterwards.</param>
/// <param name="Said">What unlock says.</param>
/// <param name="End">Commands that undo what Begin did outside of $file.</param>
public sealed record BadContainer(
    string Name, string Begin, int Code, string State, string Said, string End = "true")
{
    private const int Header = 16384;
    private const int KeySlot = 32768;
    private const int Data = 16 << 20;
    private const string Unread = "the header is damaged: ";
    private const string Short = "ends before its data begin";
    private const string Larger = "is larger than its container";

    /// <summary>After a lock that could not be proven: the record of it goes with the next one that is.</summary>
    private const string Prove =
        "rm -f $file; cp --sparse=always /root/gold $file; unlockctl unlock --passphrase-file /root/other; "
            + "unlockctl lock";

    /// <summary>A disk of its own for the container, which the path of the container leads to by a link.</summary>
    private const string Disk = """
        truncate -s 48M /root/disk; mke2fs -qFt ext2 /root/disk; losetup /dev/loop9 /root/disk
        dmsetup create disk --table "0 98304 TARGET"
        mkdir -p /mnt/disk; mount /dev/mapper/disk /mnt/disk
        cp --sparse=always /root/gold /mnt/disk/file; rm $file; ln -s /mnt/disk/file $file

        """;

    private const string NoDisk = "umount /mnt/disk; dmsetup remove --retry disk; losetup -d /dev/loop9; rm -f $file";
    private const string Linear = "linear /dev/loop9 0";
    private const string Dust = "dust /dev/loop9 0 512";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<BadContainer> All { get; } =
    [
        new("missing", "rm $file", 4, "locked", "is missing"),
        new("directory", "rm $file; mkdir $file", 4, "locked", "is a directory"),
        new("link to nothing", "rm $file; ln -s /nowhere $file", 4, "locked", "is missing"),
        new("pipe", "rm $file; mkfifo $file", 4, "locked", "container /var/other_file is n"),
        .. Truncated(0, "too small"), .. Truncated(1, "too small"), .. Truncated(511, "too small"),
        .. Truncated(512, "too small"), .. Truncated(4096, "too small"), .. Truncated(Header - 1, "too small"),
        .. Truncated(Header, "too small"), .. Truncated(KeySlot, "too small"), .. Truncated((1 << 20) - 1, "too small"),
        .. Truncated(1 << 20, Short), .. Truncated(Data - 1, Short), .. Truncated(Data, Short),
        new($"truncated to {Data + 512}", $"truncate -s {Data + 512} $file", 1, "failed",
            "no file system is on", Prove),
        .. Truncated(Data + (4 << 20), Larger, 1), .. Truncated(Data + (8 << 20) - 4096, Larger, 1),
        .. Truncated(Data + (8 << 20) - 512, Larger, 1), .. Truncated(Data + (8 << 20) - 1, Larger, 1),
        .. OneCopy(0, "magic"), new("bit in the first header: version", "flip 7", 1, "locked", Unread),
        new("bit in the second header: version", $"flip {Header + 7}", 0, "ready", ""),
        .. OneCopy(14, "size"), .. OneCopy(23, "sequence number"), .. OneCopy(72, "checksum's name"),
        .. OneCopy(104, "salt"), .. OneCopy(170, "UUID"), .. OneCopy(448, "checksum"),
        .. OneCopy(2000, "padding"), .. OneCopy(4096, "JSON, first"), .. OneCopy(4500, "JSON, middle"),
        .. OneCopy(Header - 1, "JSON, last"),
        Both(0, "magic", 4, "has no LUKS header"), Both(7, "version", 1, "LUKS"), Both(14, "size", 1, Unread),
        Both(72, "checksum's name", 1, Unread), Both(170, "UUID", 1, Unread), Both(448, "checksum", 1, Unread),
        Both(4096, "JSON, first", 1, Unread), Both(4500, "JSON, middle", 1, Unread),
        new("bit in the key slot, first", $"flip {KeySlot}", 2, "locked", "wrong passphrase"),
        new("bit in the key slot, middle", $"flip {KeySlot + 100_000}", 2, "locked", "wrong passphrase"),
        new("bit in an unused key slot", $"flip {KeySlot + 300_000}", 0, "ready", ""),
        new("bit in the superblock", $"flip {Data + 1024 + 0x38}", 1, "failed", "no file system is on", Prove),
        new("zeros", "truncate -s 0 $file; truncate -s 24M $file", 4, "locked", "has no LUKS header"),
        new("random bytes", "head -c 24M /dev/urandom >$file", 4, "locked", "has no LUKS header"),
        new("file system in the clear",
            "truncate -s 0 $file; truncate -s 24M $file; mke2fs -qFt ext4 $file", 4, "locked",
            "has no LUKS header"),
        new("LUKS magic and nothing else", "truncate -s 0 $file; truncate -s 24M $file; "
            + "printf 'LUKS\\272\\276\\0\\002' | dd of=$file conv=notrunc status=none",
            1, "locked", Unread),
        new("immutable", "chattr +i $file", 1, "locked", "chattr -i", "chattr -i $file"),
        new("read-only disk", OnDisk(Linear) + "mount -o remount,ro /mnt/disk", 1, "locked", "is read-only", NoDisk),
        new("full disk, sparse container", OnDisk(Linear) + "dd if=/dev/zero of=/mnt/disk/fill bs=64k; sync", 0,
            "ready", "", NoDisk),
        new("I/O error in the header", OnDisk(Dust) + Bad(0), 4, "locked",
            "copy the container to another disk", NoDisk),
        new("I/O error in the key slot", OnDisk(Dust) + Bad(KeySlot), 1, "locked",
            "copy the container to another disk", NoDisk),
        new("I/O error in the superblock", OnDisk(Dust) + Bad(Data), 1, "locked",
            "copy the container to another disk", NoDisk),
        new("I/O error in the data", OnDisk(Dust) + Bad(Data + (6 << 20)), 0, "ready", "", NoDisk),
    ];

    private static IEnumerable<BadContainer> Truncated(int length, string said, int code = 4) =>
        [new($"truncated to {length}", $"truncate -s {length} $file", code, "locked", said)];

    /// <summary>A bit of one copy of the header: libcryptsetup takes the other copy.</summary>
    private static IEnumerable<BadContainer> OneCopy(int offset, string what) =>
    [
        new($"bit in the first header: {what}", $"flip {offset}", 0, "ready", ""),
        new($"bit in the second header: {what}", $"flip {Header + offset}", 0, "ready", ""),
    ];

    private static BadContainer Both(int offset, string what, int code, string said) =>
        new($"bit in both headers: {what}", $"flip {offset}; flip {Header + offset}", code, "locked", said);

    private static string OnDisk(string target) => Disk.Replace("TARGET", target, StringComparison.Ordinal);

    /// <summary>A sector of the disk, below that place of the container, cannot be read.</summary>
    private static string Bad(int offset) => $$"""
        sector=$(filefrag -b512 -v /mnt/disk/file | awk -v want={{offset / 512}} '
            /^ *[0-9]+:/ { gsub(/[.:]/, " "); if (want >= $2 && want <= $3) print $4 + want - $2 }')
        sync; echo 3 >/proc/sys/vm/drop_caches
        for i in 0 1 2 3 4 5 6 7; do dmsetup message disk 0 addbadblock $((sector + i)); done
        dmsetup message disk 0 enable
        """;
}
