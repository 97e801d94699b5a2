using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace UnlockDaemon.Service.Units;

/// <summary>A MySQL or MariaDB server is ready when it greets: that is what it does once it serves queries.</summary>
/// <remarks>The connection is closed before any login; the server notes it as closed without authentication.</remarks>
internal sealed class MysqlProbe(ServiceAddress address) : ReadinessProbe
{
    // Three bytes of length, one of sequence. Source: "MySQL Packets" in MySQL's internals documentation.
    private const int HeaderLength = 4;

    private const int LongestGreeting = 4096;

    internal override TimeSpan Limit => TimeSpan.FromSeconds(5);

    internal override async Task<ProbeResult> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            using Socket socket = await address.ConnectAsync(cancellationToken);
            return await ReadGreetingAsync(socket, cancellationToken);
        }
        catch (SocketException exception)
        {
            return ProbeResult.NotReady(address.Explain(exception));
        }
    }

    private async Task<ProbeResult> ReadGreetingAsync(Socket socket, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderLength];
        if (!await ReadAsync(socket, header, cancellationToken))
            return ProbeResult.NotReady($"{address}: accepted and closed without a greeting");
        int length = BinaryPrimitives.ReadInt32LittleEndian(header) & 0xFFFFFF;
        if (length is 0 or > LongestGreeting)
            return ProbeResult.NotReady($"{address}: does not speak MySQL's protocol");
        var packet = new byte[length];
        return await ReadAsync(socket, packet, cancellationToken)
            ? MysqlGreeting.Read(packet)
            : ProbeResult.NotReady($"{address}: closed in the middle of its greeting");
    }

    private static async Task<bool> ReadAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            int count = await socket.ReceiveAsync(buffer, cancellationToken);
            if (count == 0)
                return false;
            buffer = buffer[count..];
        }

        return true;
    }
}

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
