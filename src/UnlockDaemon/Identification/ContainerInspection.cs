using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Identification;

/// <summary>
/// What a container is, or could be, without a passphrase. Only looks: nothing is written, attached or mapped.
/// </summary>
/// <param name="Kind">The kind.</param>
/// <param name="Description">The same in words, as they follow "FILE: ".</param>
/// <param name="Luks">What its header says, for <see cref="ContainerKind.Luks"/>.</param>
/// <param name="Size">Size in bytes.</param>
internal sealed record ContainerInspection(ContainerKind Kind, string Description, LuksSummary? Luks, long Size)
{
    private const int SampleSize = 1 << 20;
    private const int SectorSize = 512;
    private const long SmallestVolume = 64 << 10;

    // Of 255 degrees of freedom: random bytes are beyond it once in ten million times.
    private const double ChiSquareLimit = 390;

    // loop-AES's own documentation puts a key file in front of the data, filled up to this.
    private const int KeyFileRoom = 8192;

    /// <summary>Looks at a container.</summary>
    /// <param name="container">The container.</param>
    /// <returns>What it is.</returns>
    /// <exception cref="Linux.LinuxException">It is missing, or cannot be read.</exception>
    public static ContainerInspection Look(ContainerFile container)
    {
        ArgumentNullException.ThrowIfNull(container);
        long size = container.Size;
        if (size < SmallestVolume)
            return new(ContainerKind.TooSmall, $"{size} bytes are too few for a volume", null, size);
        byte[] sample = new byte[Math.Min(SampleSize, size)];
        container.ReadStart(sample);
        LuksSummary? luks = LuksSummary.TryRead(container);
        if (luks is not null || container.HasLuksHeader)
            return DescribeLuks(luks, size);
        if (Superblock.TryParse(sample, DateTimeOffset.UtcNow) is { } superblock)
            return new(ContainerKind.Filesystem,
                $"a file system in the clear ({superblock.Type}): it is not encrypted", null, size);
        if (Known(sample) is { } other)
            return new(ContainerKind.Other, other, null, size);
        return DescribeBytes(sample, size);
    }

    private static ContainerInspection DescribeLuks(LuksSummary? header, long size)
    {
        if (header is null)
        {
            return new(ContainerKind.DamagedLuks,
                "begins as LUKS does, but its header is damaged: restore it ('cryptsetup luksHeaderRestore', "
                    + "'cryptsetup repair')", null, size);
        }

        if (header.IsSecondCopy)
        {
            return new(ContainerKind.DamagedLuks, "LUKS2; the first copy of its header is damaged, the second is not: "
                + "the next unlock mends it; make a backup of the container's first 16 MiB before", header, size);
        }

        string where = header.DataOffset == 0 ? ", a detached header: the data are elsewhere" : "";
        string integrity = header.Integrity is { } kind ? $", integrity {kind}" : "";
        return new(ContainerKind.Luks, $"LUKS{header.Version}, cipher {header.Cipher}, key of {header.KeyBits} bits, "
            + $"{header.UsedSlots} of {header.Slots} key slots in use, sectors of {header.SectorSize} "
            + $"bytes{integrity}{where}", header, size);
    }

    private static ContainerInspection DescribeBytes(ReadOnlySpan<byte> sample, long size)
    {
        string keyFile = sample.StartsWith("-----BEGIN PGP"u8)
            ? $"; a key file encrypted by gpg lies before it: 'head -c {KeyFileRoom} FILE >key.gpg', then "
                + "--key-file key.gpg"
            : "";
        double? chiSquare = ChiSquare(sample[KeyFileRoom..]);
        if (chiSquare is null)
            return new(ContainerKind.Empty,
                $"nothing but zeros in the first {sample.Length >> 10} KiB: no volume", null, size);
        return chiSquare < ChiSquareLimit
            ? new(ContainerKind.Random, "random to look at: a container without a header (loop-AES, plain dm-crypt), "
                + $"or something else that is encrypted{keyFile}", null, size)
            : new(ContainerKind.Other, "not random, and nothing that is known: it is not encrypted", null, size);
    }

    private static string? Known(ReadOnlySpan<byte> sample) =>
        sample[4086..].StartsWith("SWAPSPACE2"u8) ? "swap in the clear"
        : sample[512..].StartsWith("LABELONE"u8) ? "a physical volume of LVM: name a logical volume in it"
        : sample[65600..].StartsWith("_BHRfS_M"u8) ? "a file system in the clear (btrfs): it is not encrypted"
        : sample[510..].StartsWith((ReadOnlySpan<byte>)[0x55, 0xAA])
            && ChiSquare(sample[..510]) is null or > ChiSquareLimit
            ? "a disk with partitions: name one of them"
        : null;

    /// <summary>How far bytes are from equally frequent; sectors of zeros, which nobody wrote, are left out.</summary>
    /// <returns>Null when there are no other sectors.</returns>
    private static double? ChiSquare(ReadOnlySpan<byte> bytes)
    {
        Span<int> counts = stackalloc int[256];
        int total = 0;
        for (; bytes.Length > 0; bytes = bytes[Math.Min(SectorSize, bytes.Length)..])
        {
            ReadOnlySpan<byte> sector = bytes[..Math.Min(SectorSize, bytes.Length)];
            if (sector.IndexOfAnyExcept((byte)0) < 0)
                continue;
            total += sector.Length;
            foreach (byte value in sector)
                counts[value]++;
        }

        if (total == 0)
            return null;
        double sum = 0;
        foreach (int count in counts)
            sum += Math.Pow(count - (total / 256.0), 2) / (total / 256.0);
        return sum;
    }
}

/// <summary>What a container looks like from outside.</summary>
internal enum ContainerKind
{
    /// <summary>Too short to hold a volume.</summary>
    TooSmall,

    /// <summary>Nothing but zeros where a volume has something.</summary>
    Empty,

    /// <summary>LUKS, by its header.</summary>
    Luks,

    /// <summary>It begins as LUKS does, but the header is damaged.</summary>
    DamagedLuks,

    /// <summary>A file system that is not encrypted.</summary>
    Filesystem,

    /// <summary>Random to look at: encrypted without a header, or compressed.</summary>
    Random,

    /// <summary>Something else, which is not encrypted.</summary>
    Other,
}
