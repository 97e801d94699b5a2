using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// What can be told of a LUKS header without libcryptsetup, which mends a damaged copy of it as soon as it looks.
/// </summary>
/// <remarks>Layouts: LUKS1 and LUKS2 on-disk format specifications, struct luks_phdr and struct luks2_hdr_disk.</remarks>
/// <param name="Version">1 or 2.</param>
/// <param name="DataOffset">Where the data begin, in bytes; null when the header does not tell.</param>
public sealed record LuksHeader(int Version, long? DataOffset)
{
    private const int BinaryLength = 4096;
    private const int HeaderSizeOffset = 8;
    private const int PayloadOffset = 104;
    private const int SmallestHeader = 16 << 10;
    private const int LargestHeader = 4 << 20;
    private static ReadOnlySpan<byte> Magic => [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE];
    private static ReadOnlySpan<byte> SecondMagic => [(byte)'S', (byte)'K', (byte)'U', (byte)'L', 0xBA, 0xBE];

    /// <summary>Looks for a header, or for the second copy of one whose first is damaged.</summary>
    /// <param name="path">The container.</param>
    /// <returns>The header, or null when there is none.</returns>
    /// <exception cref="LinuxException">The container cannot be read.</exception>
    public static LuksHeader? Find(string path)
    {
        Span<byte> start = stackalloc byte[PayloadOffset + sizeof(uint)];
        if (DeviceRead.Start(path, start) < start.Length)
            return null;
        if (!start.StartsWith(Magic))
            return FindSecond(path);
        return BinaryPrimitives.ReadUInt16BigEndian(start[Magic.Length..]) == 1
            ? new LuksHeader(1, BinaryPrimitives.ReadUInt32BigEndian(start[PayloadOffset..]) * 512L)
            : new LuksHeader(2, FindData(path, 0, start) ?? FindSecond(path)?.DataOffset);
    }

    /// <summary>The second copy lies right behind the first, which has one of a few sizes.</summary>
    private static LuksHeader? FindSecond(string path)
    {
        Span<byte> start = stackalloc byte[HeaderSizeOffset + sizeof(ulong)];
        for (int offset = SmallestHeader; offset <= LargestHeader; offset *= 2)
        {
            if (DeviceRead.At(path, offset, start) == start.Length && start.StartsWith(SecondMagic))
                return new LuksHeader(2, FindData(path, offset, start));
        }

        return null;
    }

    /// <summary>The offset of the first data segment, in the header's JSON.</summary>
    private static long? FindData(string path, long header, ReadOnlySpan<byte> start)
    {
        ulong size = BinaryPrimitives.ReadUInt64BigEndian(start[HeaderSizeOffset..]);
        if (size is < SmallestHeader or > LargestHeader)
            return null;
        byte[] json = new byte[(int)size - BinaryLength];
        int length = DeviceRead.At(path, header + BinaryLength, json);
        int end = Array.IndexOf(json, (byte)0, 0, length);
        try
        {
            using JsonDocument areas = JsonDocument.Parse(json.AsMemory(0, end < 0 ? length : end));
            return areas.RootElement.TryGetProperty("segments", out JsonElement segments)
                && segments.ValueKind == JsonValueKind.Object
                ? FindOffset(segments)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long? FindOffset(JsonElement segments)
    {
        foreach (JsonProperty segment in segments.EnumerateObject())
        {
            if (segment.Value.ValueKind == JsonValueKind.Object
                && segment.Value.TryGetProperty("offset", out JsonElement offset)
                && offset.ValueKind == JsonValueKind.String
                && long.TryParse(offset.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
                return bytes;
        }

        return null;
    }
}
