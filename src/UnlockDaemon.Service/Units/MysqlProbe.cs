using System.Buffers.Binary;
using System.Net.Sockets;

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
