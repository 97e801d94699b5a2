using System.Buffers.Binary;
using System.Text;

namespace UnlockDaemon.Service.Units;

/// <summary>The first packet of a MySQL server. Source: Protocol::HandshakeV10, ERR_Packet of its protocol.</summary>
internal static class MysqlGreeting
{
    private const byte ProtocolVersion10 = 10;
    private const byte ErrorPacket = 0xFF;
    private const int SqlStateLength = 6;

    /// <summary>Judges a packet without its header.</summary>
    internal static ProbeResult Read(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty)
            return ProbeResult.NotReady("the server's greeting is empty");
        return packet[0] switch
        {
            ProtocolVersion10 => ReadVersion(packet[1..]),
            ErrorPacket => ReadError(packet[1..]),
            byte version => ProbeResult.NotReady($"the server speaks protocol {version}, not 10"),
        };
    }

    private static ProbeResult ReadVersion(ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)0);
        return end < 0
            ? ProbeResult.NotReady("the server's greeting is cut short")
            : ProbeResult.Ready(VersionOf(Encoding.UTF8.GetString(rest[..end])));
    }

    // MariaDB 10 and later put this before their own version, for old replicas of MySQL that know 5.x only.
    private static string VersionOf(string text) =>
        text.StartsWith("5.5.5-", StringComparison.Ordinal) ? text["5.5.5-".Length..] : text;

    private static ProbeResult ReadError(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < sizeof(ushort))
            return ProbeResult.NotReady("the server refuses connections");
        ushort code = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        rest = rest[sizeof(ushort)..];
        if (rest.Length >= SqlStateLength && rest[0] == (byte)'#')
            rest = rest[SqlStateLength..];
        return ProbeResult.NotReady($"the server refuses connections: {Encoding.UTF8.GetString(rest)} ({code})");
    }
}
