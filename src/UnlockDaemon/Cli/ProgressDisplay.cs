using System.Diagnostics;
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
