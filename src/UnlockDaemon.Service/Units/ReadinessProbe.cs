using System.Net;
using System.Net.Sockets;
using UnlockDaemon.Linux;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Service.Units;

/// <summary>Finds out whether a service does its work: what systemd calls started may only have forked.</summary>
internal abstract class ReadinessProbe
{
    /// <summary>The longest time that one look may take.</summary>
    internal abstract TimeSpan Limit { get; }

    /// <summary>Makes the probe that a configuration asks for.</summary>
    /// <exception cref="FormatException">The target is not one; the configuration's loader sees to that.</exception>
    internal static ReadinessProbe Create(ProbeSpecification specification) => specification switch
    {
        (ProbeKind.Exec, string command) => new CommandProbe(CommandLine.Split(command)),
        (ProbeKind.Mysql, string address) => new MysqlProbe(ServiceAddress.Parse(address)),
        (_, string address) => new ConnectionProbe(ServiceAddress.Parse(address)),
    };

    /// <summary>Looks once.</summary>
    /// <param name="cancellationToken">Ends the look; what it started is ended too.</param>
    internal abstract Task<ProbeResult> LookAsync(CancellationToken cancellationToken);

    /// <summary>Looks once, for no longer than the limit.</summary>
    internal async Task<ProbeResult> TryAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return await LookAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.NotReady($"no answer within {Limit.TotalSeconds} s");
        }
    }
}

/// <summary>What one look at a service gave.</summary>
/// <remarks>
/// The words are those of a command or a server, and go to the consoles, where root may be, and to every user's status.
/// </remarks>
/// <param name="IsReady">Whether it does its work.</param>
/// <param name="Detail">If ready, what is known of it (a version), may be empty; if not, the reason.</param>
internal readonly record struct ProbeResult(bool IsReady, string Detail)
{
    internal static ProbeResult Ready(string detail = "") => new(true, Wording.OneLine(detail));

    internal static ProbeResult NotReady(string reason) => new(false, Wording.OneLine(reason));
}

/// <summary>A service is ready when its port or socket accepts.</summary>
internal sealed class ConnectionProbe(ServiceAddress address) : ReadinessProbe
{
    internal override TimeSpan Limit => TimeSpan.FromSeconds(5);

    internal override async Task<ProbeResult> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            using Socket socket = await address.ConnectAsync(cancellationToken);
            return ProbeResult.Ready();
        }
        catch (SocketException exception)
        {
            return ProbeResult.NotReady(address.Explain(exception));
        }
    }
}

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
