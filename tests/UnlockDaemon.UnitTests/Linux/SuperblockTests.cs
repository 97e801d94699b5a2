using System.Buffers.Binary;
using System.Security.Cryptography;
using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>Telling a file system from random bytes, which is all that a wrong key gives.</summary>
public sealed class SuperblockTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [Fact]
    public void CleanExt2IsSeen() =>
        Assert.Equal(new Superblock("ext2", IsClean: true, NeedsRecovery: false, CheckIsDue: false, Size: 8_192_000),
            Superblock.TryParse(Ext2(state: 1), s_now));

    [Fact]
    public void SizeOfExtIsTold()
    {
        byte[] start = Ext2(state: 1);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(1024 + 4), 1000);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(1024 + 0x18), 2);
        Assert.Equal(4_096_000, Superblock.TryParse(start, s_now)!.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(1024 + 0x150), 1);
        Assert.Equal(4_096_000, Superblock.TryParse(start, s_now)!.Size);
        // With 64 bits it is so many blocks that a group must be larger for the same number of inodes.
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(1024 + 0x60), 0x80);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(1024 + 0x20), uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(1024 + 0x28), 500);
        Assert.Equal(4_096_000 + (4096m * uint.MaxValue) + 4096, Superblock.TryParse(start, s_now)!.Size);
    }

    [Fact]
    public void UncleanExt2IsSeen() => Assert.False(Superblock.TryParse(Ext2(state: 0), s_now)!.IsClean);

    [Fact]
    public void RecordedErrorsAreNotClean() => Assert.False(Superblock.TryParse(Ext2(state: 3), s_now)!.IsClean);

    [Fact]
    public void MountCountAsksForACheck()
    {
        byte[] start = Ext2(state: 1);
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(1024 + 0x34), 30);
        BinaryPrimitives.WriteInt16LittleEndian(start.AsSpan(1024 + 0x36), 30);
        Assert.True(Superblock.TryParse(start, s_now)!.CheckIsDue);
    }

    [Fact]
    public void XfsIsSeen()
    {
        byte[] start = new byte[Superblock.Length];
        "XFSB"u8.CopyTo(start);
        BinaryPrimitives.WriteUInt32BigEndian(start.AsSpan(4), 4096);
        BinaryPrimitives.WriteUInt64BigEndian(start.AsSpan(8), 100);
        BinaryPrimitives.WriteUInt16BigEndian(start.AsSpan(102), 512);
        Assert.Null(Superblock.TryParse(start, s_now));
        "XAGF"u8.CopyTo(start.AsSpan(512));
        Assert.Equal("xfs", Superblock.TryParse(start, s_now)!.Type);
        Assert.Equal(409_600, Superblock.TryParse(start, s_now)!.Size);
    }

    [Fact]
    public void RandomBytesWithTheMagicAreNone()
    {
        byte[] start = new byte[Superblock.Length];
        for (int i = 0; i < 10_000; i++)
        {
            RandomNumberGenerator.Fill(start);
            BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(1024 + 0x38), 0xEF53);
            Assert.Null(Superblock.TryParse(start, s_now));
        }
    }

    [Fact]
    public void WrongFirstBytesOfASectorAreNone()
    {
        byte[] start = Ext2(state: 1);
        for (int i = 0; i < 10_000; i++)
        {
            RandomNumberGenerator.Fill(start.AsSpan(1024, 16));
            Assert.Null(Superblock.TryParse(start, s_now));
        }
    }

    private static byte[] Ext2(ushort state)
    {
        byte[] start = new byte[Superblock.Length];
        Span<byte> super = start.AsSpan(1024);
        // 1000 inodes and 8000 blocks in one group of 8192.
        BinaryPrimitives.WriteUInt32LittleEndian(super, 1000);
        BinaryPrimitives.WriteUInt32LittleEndian(super[4..], 8000);
        BinaryPrimitives.WriteUInt32LittleEndian(super[0x20..], 8192);
        BinaryPrimitives.WriteUInt32LittleEndian(super[0x28..], 1000);
        BinaryPrimitives.WriteUInt16LittleEndian(super[0x38..], 0xEF53);
        BinaryPrimitives.WriteUInt16LittleEndian(super[0x3A..], state);
        BinaryPrimitives.WriteUInt32LittleEndian(super[0x4C..], 1);
        return start;
    }
}
