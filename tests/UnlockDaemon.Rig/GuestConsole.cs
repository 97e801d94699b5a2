using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Rig;

/// <summary>Our end of a terminal: what the guest writes is kept with its time, what we send is typed there.</summary>
/// <remarks>
/// A socket pair, not a pseudo terminal: for the latter User-Mode Linux starts helper processes. The guest's own line
/// discipline (echo, line editing, stty) works on top of it all the same. Patterns see one character per byte; text
/// given and returned is UTF-8. One waiter at a time.
/// </remarks>
public sealed class GuestConsole : IDisposable
{
    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromSeconds(30);
    private readonly Lock _lock = new();
    private readonly StringBuilder _received = new();
    private readonly List<(int Length, long Time)> _arrivals = [];
    private readonly Socket _socket;
    private readonly FileStream _log;
    private readonly long _start;
    private TaskCompletionSource _changed = NewSignal();
    private bool _ended;
    private int _position;

    internal unsafe GuestConsole(string name, string logPath, long start)
    {
        Name = name;
        _start = start;
        int* pair = stackalloc int[2];
        int type = Interop.Socket.SOCK_STREAM | Interop.Socket.SOCK_CLOEXEC;
        if (Interop.Socket.socketpair(Interop.Socket.AF_UNIX, type, 0, pair) != 0)
            throw new LinuxException("make a socket pair for", name, System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
        _socket = new Socket(new SafeSocketHandle(pair[0], ownsHandle: true));
        GuestEnd = pair[1];
        _log = new FileStream(logPath, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        _ = ReceiveAsync();
    }

    /// <summary>The terminal's name in the guest, such as tty1.</summary>
    public string Name { get; }

    /// <summary>All that was written to it since the boot, as UTF-8.</summary>
    public string Transcript => TextFrom(0);

    /// <summary>What was written since the last match, as UTF-8.</summary>
    public string Unread => TextFrom(_position);

    /// <summary>Gets what is received, once it is in the transcript.</summary>
    internal Action<GuestConsole, ReadOnlyMemory<byte>>? Received { get; init; }

    internal int GuestEnd { get; private set; }

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
        string bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
        return ExpectAsync(new Regex(Regex.Escape(bytes), RegexOptions.None, s_defaultTimeout), timeout,
            cancellationToken);
    }

    /// <summary>Awaits a match of a pattern, after what the last match took.</summary>
    /// <param name="pattern">The pattern; it sees one character per byte.</param>
    /// <param name="timeout">How long to wait; 30 s unless given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The match and its time.</returns>
    /// <exception cref="TimeoutException">It did not come; the message has the last that did.</exception>
    /// <exception cref="EndOfStreamException">The guest ended before it came.</exception>
    public async Task<ConsoleMatch> ExpectAsync(Regex pattern, TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        ConsoleMatch? match = null;
        await WaitAsync(() => (match = Find(pattern)) is not null, $"'{pattern}'", timeout, cancellationToken);
        return match!;
    }

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
    public void SkipReceived()
    {
        lock (_lock)
            _position = _received.Length;
    }

    /// <summary>Ends the connection: the guest sees its terminal hung up.</summary>
    public void Dispose()
    {
        ReleaseGuestEnd();
        _socket.Dispose();
        _log.Dispose();
    }

    /// <summary>Takes exactly so many bytes, after what the last match took.</summary>
    internal async Task<byte[]> ReadAsync(int count, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await WaitAsync(() => _received.Length - _position >= count, $"{count} bytes", timeout, cancellationToken);
        lock (_lock)
        {
            string taken = _received.ToString(_position, count);
            _position += count;
            return Encoding.Latin1.GetBytes(taken);
        }
    }

    /// <summary>Closes our copy of the guest's end, once the guest has its own.</summary>
    internal void ReleaseGuestEnd()
    {
        if (GuestEnd >= 0)
            _ = Interop.Unistd.close(GuestEnd);
        GuestEnd = -1;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WaitAsync(Func<bool> isThere, string what, TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        TimeSpan limit = timeout ?? s_defaultTimeout;
        long end = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (isThere())
                    return;
                if (_ended)
                    throw new EndOfStreamException($"{Name}: the guest ended before {what} came;{Tail()}");
                changed = _changed.Task;
            }

            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), end);
            if (left <= TimeSpan.Zero)
                throw new TimeoutException($"{Name}: no {what} within {limit.TotalSeconds:0.#} s;{Tail()}");
            await Task.WhenAny(changed, Task.Delay(left, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private ConsoleMatch? Find(Regex pattern)
    {
        string unread = _received.ToString(_position, _received.Length - _position);
        Match match = pattern.Match(unread);
        if (!match.Success)
            return null;
        string before = FromBytes(unread[..match.Index]);
        _position += match.Index + match.Length;
        long time = _arrivals.Find(arrival => arrival.Length >= _position).Time;
        return new ConsoleMatch(match, before, Stopwatch.GetElapsedTime(_start, time));
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[16384];
        try
        {
            int count;
            while ((count = await _socket.ReceiveAsync(buffer)) > 0)
                {
                Take(buffer.AsSpan(0, count));
                Received?.Invoke(this, buffer.AsMemory(0, count));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The guest was killed, or we are being disposed; both are the end of what it says.
        }

        lock (_lock)
        {
            _ended = true;
            _changed.SetResult();
            _changed = NewSignal();
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            _log.Write(bytes);
            _received.Append(Encoding.Latin1.GetString(bytes));
            _arrivals.Add((_received.Length, now));
            _changed.SetResult();
            _changed = NewSignal();
        }
    }

    private string TextFrom(int position)
    {
        lock (_lock)
            return FromBytes(_received.ToString(position, _received.Length - position));
    }

    private string Tail()
    {
        string transcript = TextFrom(0);
        return $" the last it said:\n{transcript[Math.Max(0, transcript.Length - 1500)..]}";
    }

    private static string FromBytes(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}
