using System.Buffers.Binary;

namespace UnlockDaemon.Rig;

/// <summary>User-Mode Linux's copy-on-write files.</summary>
/// <remarks>
/// Version 3 of arch/um/drivers/cow_user.c: a packed big-endian header (magic, version, modification time, size of the
/// disk, sector size, alignment, format, 4096 bytes of the image's name), a bitmap with one bit per sector that the
/// file has, and the sectors at their places behind it, from a multiple of the alignment on.
/// </remarks>
internal static class OverlayFile
{
    private const uint COW_MAGIC = 0x4f4f4f4d;
    private const uint CowVersion = 3;
    private const int PATH_LEN_V3 = 4096;
    private const int HeaderLength = 32 + PATH_LEN_V3;
    private const int Chunk = 1 << 20;

    /// <summary>Writes the sectors that the overlay has over those of a plain image.</summary>
    /// <param name="overlay">The copy-on-write file.</param>
    /// <param name="image">A copy of its image, which becomes what the guest sees.</param>
    internal static void MergeInto(string overlay, string image)
    {
        using FileStream source = new(overlay, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using FileStream target = new(image, FileMode.Open, FileAccess.Write);
        byte[] header = new byte[HeaderLength];
        source.ReadExactly(header);
        if (BinaryPrimitives.ReadUInt32BigEndian(header) != COW_MAGIC ||
            BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)) != CowVersion)
            throw new InvalidDataException($"{overlay} is not a copy-on-write file of version {CowVersion}");

        long size = BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(12));
        int sector = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(20));
        int alignment = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(24));
        byte[] bitmap = new byte[((size / sector) + 7) / 8];
        long bitmapStart = RoundUp(HeaderLength, alignment);
        source.Position = bitmapStart;
        source.ReadExactly(bitmap);
        CopySectors(source, target, bitmap, sector, RoundUp(bitmapStart + bitmap.Length, alignment));
    }

    private static void CopySectors(FileStream source, FileStream target, byte[] bitmap, int sector, long dataStart)
    {
        byte[] buffer = new byte[Chunk];
        long count = (long)bitmap.Length * 8;
        for (long first = 0; first < count; first++)
        {
            if (!Has(bitmap, first))
                continue;
            long end = first + 1;
            while (end < count && (end - first + 1) * sector <= Chunk && Has(bitmap, end))
                end++;
            Span<byte> run = buffer.AsSpan(0, (int)((end - first) * sector));
            source.Position = dataStart + (first * sector);
            source.ReadExactly(run);
            target.Position = first * sector;
            target.Write(run);
            first = end - 1;
        }
    }

    private static bool Has(byte[] bitmap, long sector) => (bitmap[sector / 8] & (1 << (int)(sector % 8))) != 0;

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;
}
