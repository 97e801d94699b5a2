using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// What a LUKS header says, read without libcryptsetup: that may mend a damaged header, and this only looks.
/// </summary>
/// <remarks>Source: the LUKS1 and LUKS2 On-Disk Format Specifications.</remarks>
/// <param name="Version">1 or 2.</param>
/// <param name="Cipher">As dm-crypt writes it: "aes-xts-plain64".</param>
/// <param name="KeyBits">Length of the volume key in bits.</param>
/// <param name="UsedSlots">Key slots in use.</param>
/// <param name="Slots">Key slots that there can be.</param>
/// <param name="SectorSize">Encryption sector size in bytes.</param>
/// <param name="Integrity">Kind of authentication of each sector, or null.</param>
/// <param name="DataOffset">Where the data begin, in bytes; 0 in a detached header.</param>
/// <param name="Uuid">Its UUID.</param>
public sealed record LuksSummary(
    int Version, string Cipher, int KeyBits, int UsedSlots, int Slots, int SectorSize, string? Integrity,
    long DataOffset, string Uuid)
{
    private const int BinarySize = 4096;
    private const int MinimumSize = 16 << 10;
    private const int MaximumSize = 4 << 20;
    private const int Slots1 = 8;
    private const int Slots2 = 32;
    private const uint SlotEnabled = 0x00AC71F3;

    internal static ReadOnlySpan<byte> Magic => [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE];

    private static ReadOnlySpan<byte> SecondMagic => [(byte)'S', (byte)'K', (byte)'U', (byte)'L', 0xBA, 0xBE];

    /// <summary>Whether the first copy of the header is damaged, and this is the second.</summary>
    public bool IsSecondCopy { get; private init; }

    /// <summary>
    /// Whether a change of its key or cipher was begun with 'cryptsetup reencrypt' and not ended: a part of the data has
    /// the new key.
    /// </summary>
    public bool IsInReencryption { get; private init; }

    /// <summary>Reads the header of a container, or the second copy of one whose first is damaged.</summary>
    /// <param name="container">The container.</param>
    /// <returns>What it says, or null when there is none or it is damaged.</returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static LuksSummary? TryRead(ContainerFile container)
    {
        ArgumentNullException.ThrowIfNull(container);
        byte[] start = new byte[BinarySize];
        if (container.ReadStart(start) < start.Length)
            return null;
        if (Begins(start, Magic, version: 1))
            return Read1(start);
        if (Begins(start, Magic, version: 2) && TryRead2(container, 0, start) is { } first)
            return first;
        // The second copy lies right behind the first, which has one of a few sizes.
        for (int offset = MinimumSize; offset <= MaximumSize; offset *= 2)
        {
            if (container.Read(start, offset) == start.Length && Begins(start, SecondMagic, version: 2)
                && TryRead2(container, offset, start) is { } second)
                return second with { IsSecondCopy = true };
        }

        return null;
    }

    private static bool Begins(ReadOnlySpan<byte> header, ReadOnlySpan<byte> magic, int version) =>
        header.StartsWith(magic) && BinaryPrimitives.ReadUInt16BigEndian(header[magic.Length..]) == version;

    private static LuksSummary Read1(ReadOnlySpan<byte> header)
    {
        int used = 0;
        for (int slot = 0; slot < Slots1; slot++)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(header[(208 + (48 * slot))..]) == SlotEnabled)
                used++;
        }

        return new LuksSummary(1, $"{Text(header, 8, 32)}-{Text(header, 40, 32)}",
            8 * BinaryPrimitives.ReadInt32BigEndian(header[108..]), used, Slots1, 512, null,
            512L * BinaryPrimitives.ReadUInt32BigEndian(header[104..]), Text(header, 168, 40));
    }

    private static LuksSummary? TryRead2(ContainerFile container, long offset, byte[] start)
    {
        ulong size = BinaryPrimitives.ReadUInt64BigEndian(start.AsSpan(8));
        if (size is < MinimumSize or > MaximumSize)
            return null;
        byte[] whole = new byte[size];
        if (container.Read(whole, offset) < whole.Length || !HasItsChecksum(whole))
            return null;
        int length = whole.AsSpan(BinarySize).IndexOf((byte)0);
        try
        {
            using JsonDocument json = JsonDocument.Parse(whole.AsMemory(BinarySize, Math.Max(length, 0)));
            return Read2(json.RootElement, Text(start, 168, 40));
        }
        catch (Exception damaged)
            when (damaged is JsonException or KeyNotFoundException or InvalidOperationException or FormatException
                or OverflowException or ArgumentNullException)
        {
            return null;
        }
    }

    private static LuksSummary Read2(JsonElement json, string uuid)
    {
        JsonElement segment = json.GetProperty("segments").EnumerateObject().First().Value;
        JsonProperty[] slots = [.. json.GetProperty("keyslots").EnumerateObject()];
        int keyBytes = slots.Length == 0 ? 0 : slots[0].Value.GetProperty("key_size").GetInt32();
        return new LuksSummary(2, segment.GetProperty("encryption").GetString()!, 8 * keyBytes, slots.Length, Slots2,
            segment.GetProperty("sector_size").GetInt32(),
            segment.TryGetProperty("integrity", out JsonElement integrity)
                ? integrity.GetProperty("type").GetString()
                : null,
            long.Parse(segment.GetProperty("offset").GetString()!), uuid)
        {
            IsInReencryption = json.TryGetProperty("config", out JsonElement config)
                && config.TryGetProperty("requirements", out JsonElement requirements)
                && requirements.TryGetProperty("mandatory", out JsonElement mandatory)
                && mandatory.EnumerateArray().Any(static requirement =>
                    requirement.GetString()!.StartsWith("online-reencrypt", StringComparison.Ordinal)),
        };
    }

    private static bool HasItsChecksum(byte[] header)
    {
        const int At = 448;
        if (Text(header, 72, 32) != "sha256")
            return true;
        byte[] expected = header[At..(At + SHA256.HashSizeInBytes)];
        header.AsSpan(At, 64).Clear();
        return SHA256.HashData(header).AsSpan().SequenceEqual(expected);
    }

    private static string Text(ReadOnlySpan<byte> header, int offset, int length)
    {
        ReadOnlySpan<byte> field = header.Slice(offset, length);
        int end = field.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? field : field[..end]);
    }
}
