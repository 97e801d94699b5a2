using System.Net;
using System.Net.Sockets;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Readiness probes as the configuration writes them: kind:target.</summary>
internal static class ProbeSyntax
{
    // sun_path of unix(7) holds 108 bytes, one of them the terminating zero.
    private const int MaximumSocketPath = 107;

    internal static readonly NameTable<ProbeKind> Kinds = new(
        ("exec", ProbeKind.Exec),
        ("tcp", ProbeKind.Tcp),
        ("unix", ProbeKind.Unix),
        ("mysql", ProbeKind.Mysql));

    /// <summary>Reads a probe that <see cref="Problem"/> found nothing wrong with.</summary>
    internal static ProbeSpecification Read(string text)
    {
        int colon = text.IndexOf(':');
        Kinds.TryFind(text[..colon], out ProbeKind kind);
        return new ProbeSpecification(kind, text[(colon + 1)..].Trim());
    }

    /// <summary>What is wrong with a probe, as it follows its text; null for nothing.</summary>
    internal static string? Problem(string text)
    {
        int colon = text.IndexOf(':');
        string name = colon < 0 ? text : text[..colon];
        if (!Kinds.TryFind(name, out ProbeKind kind))
            return "is not a known kind of probe; write exec:COMMAND, tcp:HOST:PORT, unix:PATH or mysql:HOST:PORT|PATH";
        string target = colon < 0 ? "" : text[(colon + 1)..].Trim();
        return kind switch
        {
            ProbeKind.Exec => CommandProblem(target),
            ProbeKind.Tcp => EndpointProblem("tcp", target),
            ProbeKind.Unix => SocketProblem("unix", target),
            _ => target.StartsWith('/') ? SocketProblem("mysql", target) : EndpointProblem("mysql", target),
        };
    }

    private static string? CommandProblem(string command)
    {
        if (!command.StartsWith('/'))
            return "does not begin with a program's full path; write one such as exec:/usr/bin/mysqladmin ping";
        return command.AsSpan().ContainsAnyInRange('\0', '\x1f')
            ? "has a control character in it; write the command on one line"
            : CommandLine.Problem(command);
    }

    private static string? SocketProblem(string kind, string path)
    {
        if (!path.StartsWith('/'))
            return $"does not name a socket; write its full path, such as {kind}:/run/mysqld/mysqld.sock";
        return path.Length > MaximumSocketPath
            ? $"names a path longer than a socket can have ({MaximumSocketPath} bytes)"
            : AbsolutePath.Problem(path) is { } problem ? $"names a path that {problem}" : null;
    }

    private static string? EndpointProblem(string kind, string endpoint)
    {
        int colon = endpoint.LastIndexOf(':');
        string host = colon < 0 ? endpoint : endpoint[..colon];
        if (host.Contains(':') && !host.StartsWith('['))
            return $"has an IPv6 address without brackets; write it such as {kind}:[::1]:3306";
        if (colon < 0)
            return $"has no port; write {kind}:HOST:PORT, such as {kind}:{Example(endpoint)}";
        if (!ushort.TryParse(endpoint[(colon + 1)..], out ushort port) || port == 0)
            return $"has \"{endpoint[(colon + 1)..]}\" for a port; write a number from 1 to 65535";
        return IsHost(host) ? null : $"has no host; write {kind}:HOST:PORT, such as {kind}:127.0.0.1:{port}";
    }

    private static string Example(string endpoint) => endpoint switch
    {
        _ when ushort.TryParse(endpoint, out ushort port) => $"127.0.0.1:{port}",
        _ when IsHost(endpoint) => $"{endpoint}:3306",
        _ => "127.0.0.1:3306",
    };

    private static bool IsHost(string host)
    {
        if (host.StartsWith('[') && host.EndsWith(']'))
            return IsAddress(host[1..^1], AddressFamily.InterNetworkV6);
        foreach (char character in host)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '-' or '_'))
                return false;
        }

        return host.Length > 0;
    }

    private static bool IsAddress(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == family;
}

/// <summary>A readiness probe as it is written: <c>tcp:127.0.0.1:11758</c>.</summary>
/// <param name="Kind">What comes before the first colon.</param>
/// <param name="Target">What comes after it: a command line, an address or a path.</param>
public sealed record ProbeSpecification(ProbeKind Kind, string Target);

/// <summary>The ways to find out whether a service is ready.</summary>
public enum ProbeKind
{
    /// <summary>A command that exits with 0.</summary>
    Exec,

    /// <summary>A TCP port that accepts: <c>HOST:PORT</c>.</summary>
    Tcp,

    /// <summary>A Unix socket that accepts: its path.</summary>
    Unix,

    /// <summary>A MySQL or MariaDB server that greets: <c>HOST:PORT</c> or the path of its socket.</summary>
    Mysql,
}
