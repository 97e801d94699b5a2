using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>
/// Shows what happens, a line each; on a terminal, the last line counts the seconds of what is being waited for.
/// </summary>
internal sealed class ProgressDisplay : IDisposable
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(500);
    private readonly Output _output;
    private readonly Lock _lock = new();
    private readonly Timer? _timer;
    private EventInfo? _waitingFor;
    private long _since;

    internal ProgressDisplay(Output output)
    {
        _output = output;
        if (output.Live)
            _timer = new Timer(_ => Tick(), null, s_tick, s_tick);
    }

    internal void Show(EventInfo happened)
    {
        lock (_lock)
        {
            ClearLine();
            if (happened.Kind == "state")
                _output.Line(happened.Text);
            else if (happened.Kind != "prompt")
                _output.Line($"  {happened.Subject,-16} {happened.Text}");
            (_waitingFor, _since) = (happened, Stopwatch.GetTimestamp());
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            ClearLine();
            _waitingFor = null;
        }

        _timer?.Dispose();
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (_waitingFor is { } last && Stopwatch.GetElapsedTime(_since).TotalSeconds is > 1 and double seconds)
                Console.Write($"\r  {last.Subject,-16} {last.Text} ... {seconds:0} s\u001b[K");
        }
    }

    private void ClearLine()
    {
        if (_output.Live)
            Console.Write("\r\u001b[K");
    }
}

/// <summary>A bar with speed and time left, for whoever watches.</summary>
/// <param name="output">Where it is shown; nowhere when nobody watches.</param>
/// <param name="total">Bytes in all.</param>
internal sealed class ProgressBar(Output output, long total) : IProgress<long>, IDisposable
{
    private const int Width = 40;
    private readonly long _started = Stopwatch.GetTimestamp();
    private long? _first;
    private bool _open;

    public void Report(long value)
    {
        // What was there before it began says nothing of the speed.
        _first ??= value;
        if (!output.Live)
            return;
        double part = (double)value / total;
        double seconds = Math.Max(Stopwatch.GetElapsedTime(_started).TotalSeconds, 0.001);
        double speed = (_first == value ? value : value - _first.Value) / seconds;
        int filled = (int)(part * Width);
        Console.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {part * 100,3:0} %  "
            + $"{Sizes.Text((long)speed)}/s  {TimeLeft((total - value) / Math.Max(speed, 1))}\u001b[K"
            + (value == total ? "\n" : ""));
        _open = value < total;
    }

    /// <summary>What is said next begins on a line of its own, also when the bar has not come to its end.</summary>
    public void Dispose()
    {
        if (_open)
            Console.WriteLine();
    }

    private static string TimeLeft(double seconds) =>
        seconds < 100 ? $"{seconds:0} s left" : $"{seconds / 60:0} min left";
}
