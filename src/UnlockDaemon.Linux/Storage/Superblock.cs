using System.Buffers.Binary;

namespace UnlockDaemon.Linux.Storage;

/// <summary>What the first bytes of a device say about the file system on it.</summary>
/// <remarks>Layouts: the kernel's Documentation/filesystems/ext4/super.rst; xfsprogs, xfs_format.h.</remarks>
/// <param name="Type">The kernel's name for it: ext2, ext3, ext4 or xfs.</param>
/// <param name="IsClean">
/// It was unmounted cleanly and has no errors recorded. Always true for xfs, which does not tell here.
/// </param>
/// <param name="NeedsRecovery">Its journal holds changes that are not in place yet (needs_recovery).</param>
/// <param name="CheckIsDue">Its own schedule (mount count or interval) asks for a check.</param>
/// <param name="Size">How many bytes it takes on its device.</param>
public sealed record Superblock(string Type, bool IsClean, bool NeedsRecovery, bool CheckIsDue, decimal Size)
{
    /// <summary>How many bytes from the start of the device <see cref="TryParse"/> needs.</summary>
    public const int Length = 2048;

    private const int ExtOffset = 1024;
    private const ushort ExtMagic = 0xEF53;
    private const uint CompatHasJournal = 0x4;
    private const uint IncompatRecover = 0x4;
    private const uint Incompat64Bit = 0x80;
    // extents, 64bit, flex_bg, ea_inode, csum_seed
    private const uint IncompatExt4 = 0x40 | 0x80 | 0x200 | 0x400 | 0x2000;
    // huge_file, gdt_csum, dir_nlink, extra_isize, metadata_csum
    private const uint RoCompatExt4 = 0x8 | 0x10 | 0x20 | 0x40 | 0x400;
    private const ushort StateValid = 1;
    private const ushort StateErrors = 2;

    /// <summary>Looks for a file system.</summary>
    /// <param name="start">The first <see cref="Length"/> bytes of the device.</param>
    /// <param name="now">Today, for the check schedule.</param>
    /// <returns>What was found, or null: an unknown file system, or none, or the wrong key.</returns>
    public static Superblock? TryParse(ReadOnlySpan<byte> start, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(start.Length, Length);
        return start.StartsWith("XFSB"u8) && IsXfs(start)
            ? new Superblock("xfs", IsClean: true, NeedsRecovery: false, CheckIsDue: false, XfsSize(start))
            : TryParseExt(start[ExtOffset..], now);
    }

    /// <summary>Looks for a copy of ext's superblock, as one lies at the start of some block groups.</summary>
    internal static Superblock? TryParseCopy(ReadOnlySpan<byte> copy) => TryParseExt(copy, DateTimeOffset.UtcNow);

    // Random bytes carry a 16-bit magic once in 65,536 tries, and a wrong passphrase makes random bytes: so the
    // fields around it must make sense as well.
    private static bool IsXfs(ReadOnlySpan<byte> start) =>
        BinaryPrimitives.ReadUInt32BigEndian(start[4..]) is >= 512 and <= 65536 and var size
        && uint.IsPow2(size)
        && HasXfsSectorSize(start);

    /// <summary>
    /// What follows the first 512 bytes: the next header, or zeros up to the end of a larger sector. With a wrong size
    /// of the encrypted sectors it is something else.
    /// </summary>
    private static bool HasXfsSectorSize(ReadOnlySpan<byte> start)
    {
        const int Sector = 512;
        ReadOnlySpan<byte> next = start.Slice(Sector, 16);
        return BinaryPrimitives.ReadUInt16BigEndian(start[102..]) == Sector
            ? next.StartsWith("XAGF"u8)
            : next.IndexOfAnyExcept((byte)0) < 0;
    }

    private static Superblock? TryParseExt(ReadOnlySpan<byte> super, DateTimeOffset now)
    {
        uint inodes = BinaryPrimitives.ReadUInt32LittleEndian(super);
        uint logBlockSize = BinaryPrimitives.ReadUInt32LittleEndian(super[0x18..]);
        ushort state = BinaryPrimitives.ReadUInt16LittleEndian(super[0x3A..]);
        uint revision = BinaryPrimitives.ReadUInt32LittleEndian(super[0x4C..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(super[0x38..]) != ExtMagic
            || inodes == 0 || logBlockSize > 6 || state > 7 || revision > 1
            || !HasAsManyInodesAsItsGroups(super, inodes))
            return null;

        uint incompat = BinaryPrimitives.ReadUInt32LittleEndian(super[0x60..]);
        return new Superblock(
            ExtType(super, incompat),
            IsClean: (state & (StateValid | StateErrors)) == StateValid,
            NeedsRecovery: (incompat & IncompatRecover) != 0,
            IsCheckDue(super, now),
            ExtBlocks(super, incompat) * (1024m * (1 << (int)logBlockSize)));
    }

    // A damaged superblock can name any size: a product of the two may not fit into 64 bits.
    private static decimal XfsSize(ReadOnlySpan<byte> start) =>
        (decimal)BinaryPrimitives.ReadUInt64BigEndian(start[8..]) * BinaryPrimitives.ReadUInt32BigEndian(start[4..]);

    private static decimal ExtBlocks(ReadOnlySpan<byte> super, uint incompat)
    {
        ulong high = (incompat & Incompat64Bit) == 0 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(super[0x150..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(super[4..]) | (high << 32);
    }

    /// <summary>
    /// With the right key and a wrong IV only the first 16 bytes of each sector are wrong: the numbers of inodes and
    /// blocks are among them, and what they must agree with is not.
    /// </summary>
    private static bool HasAsManyInodesAsItsGroups(ReadOnlySpan<byte> super, uint inodes)
    {
        bool large = (BinaryPrimitives.ReadUInt32LittleEndian(super[0x60..]) & Incompat64Bit) != 0;
        ulong blocks = BinaryPrimitives.ReadUInt32LittleEndian(super[4..])
            | (large ? (ulong)BinaryPrimitives.ReadUInt32LittleEndian(super[0x150..]) << 32 : 0);
        uint first = BinaryPrimitives.ReadUInt32LittleEndian(super[0x14..]);
        uint blocksInGroup = BinaryPrimitives.ReadUInt32LittleEndian(super[0x20..]);
        uint inodesInGroup = BinaryPrimitives.ReadUInt32LittleEndian(super[0x28..]);
        return blocksInGroup > 0 && blocks > first
            && (blocks - first + blocksInGroup - 1) / blocksInGroup * inodesInGroup == inodes;
    }

    private static string ExtType(ReadOnlySpan<byte> super, uint incompat)
    {
        uint compat = BinaryPrimitives.ReadUInt32LittleEndian(super[0x5C..]);
        uint roCompat = BinaryPrimitives.ReadUInt32LittleEndian(super[0x64..]);
        return (incompat & IncompatExt4) != 0 || (roCompat & RoCompatExt4) != 0 ? "ext4"
            : (compat & CompatHasJournal) != 0 ? "ext3"
            : "ext2";
    }

    private static bool IsCheckDue(ReadOnlySpan<byte> super, DateTimeOffset now)
    {
        ushort mounts = BinaryPrimitives.ReadUInt16LittleEndian(super[0x34..]);
        short maximumMounts = BinaryPrimitives.ReadInt16LittleEndian(super[0x36..]);
        uint lastCheck = BinaryPrimitives.ReadUInt32LittleEndian(super[0x40..]);
        uint interval = BinaryPrimitives.ReadUInt32LittleEndian(super[0x44..]);
        return (maximumMounts > 0 && mounts >= maximumMounts)
            || (interval > 0 && now.ToUnixTimeSeconds() >= (long)lastCheck + interval);
    }
}
