using System.Net.Sockets;

namespace UnlockDaemon.Rig;

/// <summary>QEMU's machine protocol: one JSON object a line, either way.</summary>
internal sealed class QemuMonitor(string socketPath)
{
    /// <summary>Executes a command that has no arguments.</summary>
    /// <param name="command">Such as "stop" or "cont".</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">QEMU refused.</exception>
    internal async Task ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
        await using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream);
        await using StreamWriter writer = new(stream) { AutoFlush = true };
        _ = await reader.ReadLineAsync(cancellationToken);
        foreach (string order in (string[])["qmp_capabilities", command])
        {
            await writer.WriteLineAsync($$"""{"execute":"{{order}}"}""");
            await AwaitReturnAsync(reader, order, cancellationToken);
        }
    }

    /// <summary>Events may come before the answer.</summary>
    private static async Task AwaitReturnAsync(StreamReader reader, string order, CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("""{"return":""", StringComparison.Ordinal))
                return;
            if (line.StartsWith("""{"error":""", StringComparison.Ordinal))
                throw new InvalidOperationException($"QEMU refused '{order}': {line}");
        }

        throw new EndOfStreamException($"QEMU ended before it answered '{order}'");
    }
}
