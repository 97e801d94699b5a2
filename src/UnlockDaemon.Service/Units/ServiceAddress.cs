using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace UnlockDaemon.Service.Units;

/// <summary>Where a service listens: a host and port, or a socket's path.</summary>
internal sealed class ServiceAddress
{
    // sun_path is 108 bytes with its closing zero; unix(7).
    private const int LongestPath = 107;

    private readonly string _text;
    private readonly EndPoint _endPoint;

    private ServiceAddress(string text, EndPoint endPoint)
    {
        _text = text;
        _endPoint = endPoint;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    /// <summary>Reads <c>HOST:PORT</c> or an absolute path.</summary>
    internal static bool TryParse(
        string text, [NotNullWhen(true)] out ServiceAddress? address, [NotNullWhen(false)] out string? mistake) =>
        text.StartsWith('/') ? TryParsePath(text, out address, out mistake) : TryParseHost(text, out address, out mistake);

    /// <summary>Reads an absolute path.</summary>
    internal static bool TryParsePath(
        string text, [NotNullWhen(true)] out ServiceAddress? address, [NotNullWhen(false)] out string? mistake)
    {
        address = null;
        if (!text.StartsWith('/'))
            mistake = $"\"{text}\" is not an absolute path";
        else if (System.Text.Encoding.UTF8.GetByteCount(text) > LongestPath)
            mistake = $"the path is longer than a socket's may be ({LongestPath} bytes)";
        else
        {
            mistake = null;
            address = new ServiceAddress(text, new UnixDomainSocketEndPoint(text));
        }

        return address is not null;
    }

    /// <summary>Reads <c>HOST:PORT</c>; the host a name, an IPv4 address, or an IPv6 address in brackets.</summary>
    internal static bool TryParseHost(
        string text, [NotNullWhen(true)] out ServiceAddress? address, [NotNullWhen(false)] out string? mistake)
    {
        address = null;
        mistake = null;
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? text : text[..colon];
        if (colon < 0 || text.EndsWith(']'))
            mistake = $"\"{text}\" has no port; write HOST:PORT";
        else if (!ushort.TryParse(text.AsSpan(colon + 1), out ushort port) || port == 0)
            mistake = $"\"{text[(colon + 1)..]}\" is not a port (1 to 65535)";
        else if (host.Contains(':') && !(host.StartsWith('[') && host.EndsWith(']')))
            mistake = $"\"{host}\" is not a host; an IPv6 address stands in brackets";
        else if (host.Length == 0 || host.Contains('/') || host.Contains(' '))
            mistake = $"\"{host}\" is not a host";
        else
            address = new ServiceAddress(text, EndPointOf(host.Trim('[', ']'), port));
        return address is not null;
    }

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

    private static EndPoint EndPointOf(string host, ushort port) =>
        IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
}
