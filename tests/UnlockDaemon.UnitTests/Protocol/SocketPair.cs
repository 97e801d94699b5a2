using System.Net.Sockets;

namespace UnlockDaemon.UnitTests.Protocol;

/// <summary>Two sockets that are connected to each other.</summary>
internal sealed class SocketPair : IDisposable
{
    internal SocketPair()
    {
        using Socket listener = Make();
        // An abstract name: no file is left behind.
        listener.Bind(new UnixDomainSocketEndPoint($"\0unlockd-{Guid.NewGuid()}"));
        listener.Listen();
        Client.Connect(listener.LocalEndPoint!);
        Server = listener.Accept();
    }

    internal Socket Client { get; } = Make();

    internal Socket Server { get; }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private static Socket Make() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
