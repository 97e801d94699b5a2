using System.Diagnostics;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Cli;

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
