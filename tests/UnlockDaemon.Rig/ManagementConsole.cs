using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace UnlockDaemon.Rig;

/// <summary>User-Mode Linux's management console: orders to the guest's kernel from outside.</summary>
/// <remarks>
/// Datagrams of arch/um/drivers/mconsole.h: a request is magic, version, length and 512 bytes of text; a reply is
/// error, whether more follows, length and text.
/// </remarks>
internal sealed class ManagementConsole(string socketPath, string replyPath)
{
    private const uint MCONSOLE_MAGIC = 0xcafebabe;
    private const int MCONSOLE_VERSION = 2;
    private const int MCONSOLE_MAX_DATA = 512;
    private const int HeaderLength = 12;

    /// <summary>Gives an order.</summary>
    /// <param name="order">Such as "stop", "go", "sysrq s", "version".</param>
    /// <param name="cancellationToken">Ends the wait for the reply.</param>
    /// <returns>What the kernel answered.</returns>
    /// <exception cref="InvalidOperationException">The kernel refused.</exception>
    internal async Task<string> OrderAsync(string order, CancellationToken cancellationToken)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(replyPath));
        try
        {
            UnixDomainSocketEndPoint guest = new(socketPath);
            await socket.SendToAsync(Request(order), SocketFlags.None, guest, cancellationToken);
            return await ReplyAsync(socket, order, cancellationToken);
        }
        finally
        {
            File.Delete(replyPath);
        }
    }

    private static byte[] Request(string order)
    {
        byte[] request = new byte[HeaderLength + MCONSOLE_MAX_DATA];
        int length = Encoding.ASCII.GetBytes(order, request.AsSpan(HeaderLength));
        BinaryPrimitives.WriteUInt32LittleEndian(request, MCONSOLE_MAGIC);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(4), MCONSOLE_VERSION);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(8), length);
        return request;
    }

    private static async Task<string> ReplyAsync(Socket socket, string order, CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        byte[] reply = new byte[4096];
        while (true)
        {
            int count = await socket.ReceiveAsync(reply, cancellationToken);
            text.Append(Encoding.ASCII.GetString(reply.AsSpan(HeaderLength, count - HeaderLength)).TrimEnd('\0'));
            if (BinaryPrimitives.ReadInt32LittleEndian(reply.AsSpan(4)) != 0)
                continue;
            return BinaryPrimitives.ReadInt32LittleEndian(reply) == 0
                ? text.ToString()
                : throw new InvalidOperationException($"the guest's kernel refused '{order}': {text}");
        }
    }
}
