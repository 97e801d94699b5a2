using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Identification;

/// <summary>The sectors of a container that tell whether a key fits, read once.</summary>
/// <param name="offset">Where they begin, in sectors of 512 bytes.</param>
/// <param name="ciphertext">What is there.</param>
internal sealed class SectorProbe(long offset, byte[] ciphertext)
{
    /// <summary>The other size of sectors that cryptsetup writes.</summary>
    internal const int LargeSector = 4096;

    private const int SectorSize = 512;

    // Of ext2, ext3 and ext4 the superblock is in the third sector; of XFS it is in the first, and the second confirms
    // it.
    private const int ExtSector = 2;

    internal long Offset => offset;

    /// <summary>Reads what lies at each offset, as far as the container goes.</summary>
    internal static List<SectorProbe> ReadAll(ContainerFile container, long[] offsets)
    {
        List<SectorProbe> probes = [];
        foreach (long offset in offsets)
        {
            byte[] ciphertext = new byte[LargeSector];
            if (container.Read(ciphertext, offset * SectorSize) == LargeSector)
                probes.Add(new SectorProbe(offset, ciphertext));
        }

        return probes;
    }

    /// <summary>Decrypts, and looks for a file system.</summary>
    internal Superblock? TryFind(PlainCipher cipher, VolumeKey key)
    {
        SectorCipher sectors = SectorCipher.For(cipher)!;
        Span<byte> plain = stackalloc byte[LargeSector];
        if (cipher.SectorSize > SectorSize)
        {
            ciphertext.CopyTo(plain);
            sectors.Decrypt(key, plain);
            return Superblock.TryParse(plain, DateTimeOffset.UtcNow);
        }

        plain.Clear();
        Decrypt(sectors, key, plain, ExtSector, 1);
        if (Superblock.TryParse(plain, DateTimeOffset.UtcNow) is { } found)
            return found;
        Decrypt(sectors, key, plain, 0, ExtSector);
        return Superblock.TryParse(plain, DateTimeOffset.UtcNow);
    }

    private void Decrypt(SectorCipher sectors, VolumeKey key, Span<byte> plain, int first, int count)
    {
        Span<byte> part = plain.Slice(first * SectorSize, count * SectorSize);
        ciphertext.AsSpan(first * SectorSize, part.Length).CopyTo(part);
        sectors.Decrypt(key, part, first);
    }
}
