using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>Tells systemd how this process does: the protocol of sd_notify(3), one datagram a message.</summary>
/// <remarks>Without a socket, as when started by hand, every message goes nowhere.</remarks>
public sealed class ServiceNotifier
{
    private readonly UnixDomainSocketEndPoint? _address;

    /// <summary>Finds out where messages go.</summary>
    /// <param name="socketPath">The value of NOTIFY_SOCKET: a path, or @ and a name; null for nowhere.</param>
    public ServiceNotifier(string? socketPath)
    {
        if (string.IsNullOrEmpty(socketPath))
            return;

        // The first byte of an abstract name is zero, written as @.
        _address = new UnixDomainSocketEndPoint(socketPath[0] == '@' ? '\0' + socketPath[1..] : socketPath);
    }

    /// <summary>Where systemd wants this process's messages.</summary>
    /// <returns>The notifier for the environment's NOTIFY_SOCKET.</returns>
    public static ServiceNotifier FromEnvironment() => new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));

    /// <summary>Start-up, or a reload, is complete.</summary>
    /// <param name="status">One line for <c>systemctl status</c>.</param>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>Says in one line how things are, for <c>systemctl status</c>.</summary>
    /// <param name="status">The line.</param>
    public void Status(string status) => Send($"STATUS={status}");

    /// <summary>A reload begins; <see cref="Ready"/> ends it.</summary>
    public void Reloading() => Send($"RELOADING=1\nMONOTONIC_USEC={MonotonicMicroseconds()}");

    /// <summary>The end begins.</summary>
    /// <param name="status">One line for <c>systemctl status</c>.</param>
    public void Stopping(string status) => Send($"STOPPING=1\nSTATUS={status}");

    /// <summary>Asks for time: start or stop will go on this much longer from now, unless asked again.</summary>
    /// <param name="duration">How long.</param>
    public void ExtendTimeout(TimeSpan duration) =>
        Send($"EXTEND_TIMEOUT_USEC={duration.Ticks / TimeSpan.TicksPerMicrosecond}");

    // Stopwatch counts CLOCK_MONOTONIC, in nanoseconds.
    private static long MonotonicMicroseconds() =>
        Stopwatch.GetElapsedTime(0).Ticks / TimeSpan.TicksPerMicrosecond;

    private void Send(string message)
    {
        if (_address is null)
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(message), _address);
        }
        catch (SocketException)
        {
            // Nothing that this process does depends on being heard.
        }
    }
}
