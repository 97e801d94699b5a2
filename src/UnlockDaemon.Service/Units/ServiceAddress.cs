using System.Net;
using System.Net.Sockets;

namespace UnlockDaemon.Service.Units;

/// <summary>Where a service listens: a host and port, or a socket's path.</summary>
internal sealed class ServiceAddress
{
    private readonly string _text;
    private readonly EndPoint _endPoint;

    private ServiceAddress(string text, EndPoint endPoint)
    {
        _text = text;
        _endPoint = endPoint;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    /// <summary>Reads an absolute path, or <c>HOST:PORT</c>; an IPv6 address stands in brackets.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    internal static ServiceAddress Parse(string text)
    {
        if (text.StartsWith('/'))
            return new ServiceAddress(text, new UnixDomainSocketEndPoint(text));
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out ushort port))
            throw new FormatException($"\"{text}\" is neither HOST:PORT nor the path of a socket");
        string host = text[..colon].Trim('[', ']');
        return new ServiceAddress(text, IPAddress.TryParse(host, out IPAddress? address)
            ? new IPEndPoint(address, port)
            : new DnsEndPoint(host, port));
    }

    /// <summary>Puts a failed connection into words.</summary>
    /// <remarks>The runtime has no number of its own for ENOENT, the commonest failure of a socket's path.</remarks>
    internal string Explain(SocketException failure) =>
        _endPoint is UnixDomainSocketEndPoint && !Path.Exists(_text)
            ? $"{_text} does not exist"
            : $"{_text}: {failure.Message}";

    /// <summary>Connects to it.</summary>
    /// <exception cref="SocketException">It is not there, or does not accept.</exception>
    internal async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket socket = _endPoint switch
        {
            UnixDomainSocketEndPoint => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
            IPEndPoint ip => new(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp),
            _ => new(SocketType.Stream, ProtocolType.Tcp),
        };
        try
        {
            await socket.ConnectAsync(_endPoint, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
