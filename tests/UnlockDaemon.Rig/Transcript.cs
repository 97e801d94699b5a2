using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace UnlockDaemon.Rig;

/// <summary>What a console has received, when, and how far it has been read.</summary>
/// <remarks>One character per byte (Latin-1), so that patterns and positions are exact for any bytes.</remarks>
internal sealed class Transcript(string name, long start)
{
    private const int TailLength = 1500;
    private readonly Lock _lock = new();
    private readonly StringBuilder _received = new();
    private readonly List<(int Length, long Time)> _arrivals = [];
    private TaskCompletionSource _changed = NewSignal();
    private bool _ended;
    private int _position;

    internal string All => TextFrom(0);

    internal string LastWords => All is { Length: > TailLength } all ? all[^TailLength..] : All;

    internal string Unread => TextFrom(_position);

    internal static string ToText(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));

    internal static string ToBytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            _received.Append(Encoding.Latin1.GetString(bytes));
            _arrivals.Add((_received.Length, now));
            Signal();
        }
    }

    /// <summary>Nothing will come any more.</summary>
    internal void End()
    {
        lock (_lock)
        {
            _ended = true;
            Signal();
        }
    }

    internal void Skip()
    {
        lock (_lock)
            _position = _received.Length;
    }

    /// <summary>Awaits a match after what has been read, and reads up to its end.</summary>
    internal async Task<ConsoleMatch> FindAsync(Regex pattern, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ConsoleMatch? match = null;
        await WaitAsync(() => (match = Find(pattern)) is not null, $"'{pattern}'", timeout, cancellationToken);
        return match!;
    }

    /// <summary>Awaits and reads so many bytes.</summary>
    internal async Task<byte[]> ReadAsync(int count, TimeSpan timeout, CancellationToken cancellationToken)
    {
        byte[] taken = [];
        await WaitAsync(() => TryRead(count, out taken), $"{count} bytes", timeout, cancellationToken);
        return taken;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private async Task WaitAsync(Func<bool> isThere, string what, TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (isThere())
                    return;
                if (_ended)
                    throw new EndOfStreamException($"{name}: it ended before {what} came;{Tail()}");
                changed = _changed.Task;
            }

            TimeSpan left = timeout - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                throw new TimeoutException($"{name}: no {what} within {timeout.TotalSeconds:0.#} s;{Tail()}");
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
        _position += match.Index + match.Length;
        long time = _arrivals.Find(arrival => arrival.Length >= _position).Time;
        return new ConsoleMatch(match, ToText(unread[..match.Index]), Stopwatch.GetElapsedTime(start, time));
    }

    private bool TryRead(int count, out byte[] taken)
    {
        taken = [];
        if (_received.Length - _position < count)
            return false;
        taken = Encoding.Latin1.GetBytes(_received.ToString(_position, count));
        _position += count;
        return true;
    }

    private string TextFrom(int position)
    {
        lock (_lock)
            return ToText(_received.ToString(position, _received.Length - position));
    }

    private string Tail() => $" the last it said:\n{LastWords}";
}
