using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UnlockDaemon.Service.Api;

/// <summary>Who is at the other end of a socket, as the kernel saw it connect. Source: unix(7), SO_PEERCRED.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="Uid">Its user.</param>
internal sealed record PeerCredentials(int Pid, uint Uid)
{
    internal static PeerCredentials Of(Socket socket)
    {
        ucred credentials = default;
        socket.GetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_PEERCRED,
            MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref credentials, 1)));
        return new PeerCredentials(credentials.pid, credentials.uid);
    }
}
