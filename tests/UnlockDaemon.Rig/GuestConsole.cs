using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Rig;

/// <summary>Our end of a terminal: what the guest writes is kept with its time, what we send is typed there.</summary>
/// <remarks>
/// A socket pair, not a pseudo terminal: for the latter User-Mode Linux starts helper processes. The guest's own line
/// discipline (echo, line editing, stty) works on top of it all the same. One waiter at a time.
/// </remarks>
public sealed class GuestConsole : IDisposable
{
    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromSeconds(30);
    private readonly Transcript _transcript;
    private readonly Socket _socket;
    private readonly FileStream _log;
    private readonly long _start;

    internal unsafe GuestConsole(string name, string logPath, long start)
    {
        Name = name;
        _start = start;
        _transcript = new Transcript(name, start);
        int* pair = stackalloc int[2];
        int type = Interop.Socket.SOCK_STREAM | Interop.Socket.SOCK_CLOEXEC;
        if (Interop.Socket.socketpair(Interop.Socket.AF_UNIX, type, 0, pair) != 0)
            throw new LinuxException("make a socket pair for", name, Marshal.GetLastPInvokeError());
        _socket = new Socket(new SafeSocketHandle(pair[0], ownsHandle: true));
        GuestEnd = GuestNumber = pair[1];
        _log = new FileStream(logPath, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        _ = ReceiveAsync();
    }

    /// <summary>The terminal's name in the guest, such as tty1.</summary>
    public string Name { get; }

    /// <summary>All that was written to it since the boot, as UTF-8.</summary>
    public string Transcript => _transcript.All;

    /// <summary>The end of that.</summary>
    public string LastWords => _transcript.LastWords;

    /// <summary>What was written since the last match, as UTF-8.</summary>
    public string Unread => _transcript.Unread;

    /// <summary>Gets what is received, once it is in the transcript.</summary>
    internal Action<GuestConsole, ReadOnlyMemory<byte>>? Received { get; init; }

    internal int GuestEnd { get; private set; }

    /// <summary>The number of the guest's end in the guest's process, also when we have closed our copy.</summary>
    internal int GuestNumber { get; }

    /// <summary>Awaits some text, after what the last match took.</summary>
    /// <param name="text">The exact text.</param>
    /// <param name="timeout">How long to wait; 30 s unless given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The match and its time.</returns>
    /// <exception cref="TimeoutException">It did not come; the message has the last that did.</exception>
    /// <exception cref="EndOfStreamException">The guest ended before it came.</exception>
    public Task<ConsoleMatch> ExpectAsync(string text, TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        string pattern = Regex.Escape(Rig.Transcript.ToBytes(text));
        return ExpectAsync(new Regex(pattern, RegexOptions.None, s_defaultTimeout), timeout, cancellationToken);
    }

    /// <summary>Awaits a match of a pattern, after what the last match took.</summary>
    /// <param name="pattern">The pattern; it sees one character per byte.</param>
    /// <param name="timeout">How long to wait; 30 s unless given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The match and its time.</returns>
    /// <exception cref="TimeoutException">It did not come; the message has the last that did.</exception>
    /// <exception cref="EndOfStreamException">The guest ended before it came.</exception>
    public Task<ConsoleMatch> ExpectAsync(Regex pattern, TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        _transcript.FindAsync(pattern, timeout ?? s_defaultTimeout, cancellationToken);

    /// <summary>Types text, as UTF-8.</summary>
    /// <param name="text">The text; a newline is the Enter key.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The time, since the guest's start, when it was typed.</returns>
    public Task<TimeSpan> SendAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <summary>Types bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The time, since the guest's start, when they were typed.</returns>
    public async Task<TimeSpan> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        TimeSpan at = Stopwatch.GetElapsedTime(_start);
        for (int sent = 0; sent < bytes.Length;)
            sent += await _socket.SendAsync(bytes[sent..], cancellationToken);
        return at;
    }

    /// <summary>Passes over all that has come so far, so that only what comes from now on is matched.</summary>
    public void SkipReceived() => _transcript.Skip();

    /// <summary>Ends the connection: the guest sees its terminal hung up.</summary>
    public void Dispose()
    {
        ReleaseGuestEnd();
        _socket.Dispose();
        _log.Dispose();
    }

    /// <summary>Takes exactly so many bytes, after what the last match took.</summary>
    internal Task<byte[]> ReadAsync(int count, TimeSpan timeout, CancellationToken cancellationToken) =>
        _transcript.ReadAsync(count, timeout, cancellationToken);

    /// <summary>Closes our copy of the guest's end, once the guest has its own.</summary>
    internal void ReleaseGuestEnd()
    {
        if (GuestEnd >= 0)
            _ = Interop.Unistd.close(GuestEnd);
        GuestEnd = -1;
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[16384];
        try
        {
            int count;
            while ((count = await _socket.ReceiveAsync(buffer)) > 0)
                Take(buffer.AsMemory(0, count));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The guest was killed, or we are being disposed; both are the end of what it says.
        }

        _transcript.End();
    }

    private void Take(ReadOnlyMemory<byte> bytes)
    {
        _log.Write(bytes.Span);
        _transcript.Append(bytes.Span);
        Received?.Invoke(this, bytes);
    }
}
