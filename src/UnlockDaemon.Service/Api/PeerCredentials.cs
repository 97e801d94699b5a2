using System.Buffers.Binary;
using System.Net.Sockets;

namespace UnlockDaemon.Service.Api;

/// <summary>Who is at the other end of a socket, as the kernel saw it connect. Source: unix(7), SO_PEERCRED.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="Uid">Its user.</param>
internal sealed record PeerCredentials(int Pid, uint Uid)
{
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;

    internal static PeerCredentials Of(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, credentials);
        return new PeerCredentials(
            BinaryPrimitives.ReadInt32LittleEndian(credentials),
            BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]));
    }
}
