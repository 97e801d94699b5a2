using System.Diagnostics;

namespace UnlockDaemon.Demo;

/// <summary>The viewer's terminal: what the guest's console shows, and our words between.</summary>
internal sealed class Screen(bool raw) : IDisposable
{
    private const int Width = 78;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Stream _terminal = new BufferedStream(Console.OpenStandardOutput());
    private readonly Lock _lock = new();
    private readonly bool _colours = !Console.IsOutputRedirected;
    private byte _last = (byte)'\n';

    private string Time => $"{Stopwatch.GetElapsedTime(_start).TotalSeconds,6:0.0} s";

    /// <summary>Shows what a guest's console received, as it is.</summary>
    internal void Show(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            // The kernel ends its lines without a carriage return, which a raw terminal shows as stairs.
            for (int at = 0; at < bytes.Length; at++)
            {
                if (raw && bytes[at] == (byte)'\n' && _last != (byte)'\r')
                    _terminal.WriteByte((byte)'\r');
                _terminal.WriteByte(_last = bytes[at]);
            }

            _terminal.Flush();
        }
    }

    /// <summary>The head of a chapter.</summary>
    internal void Title(string text)
    {
        string rule = new('=', Math.Max(4, Width - text.Length - 6));
        Write(Line("1;7", $"=== {text} {rule}"));
    }

    /// <summary>Words to the viewer.</summary>
    internal void Say(string text) => Write(Line("1", "    " + text));

    /// <summary>Something that was to be seen has been seen.</summary>
    internal void Done(string text) => Write(Line("1;32", $"[{Time}] ok: {text}"));

    /// <summary>The end, if something went wrong.</summary>
    internal void Fail(string step, string reason)
    {
        string lines = reason.ReplaceLineEndings("\n").Replace("\n", NewLine, StringComparison.Ordinal);
        Write(Line("1;31", $"[{Time}] FAILED: {step}") + lines + NewLine);
    }

    public void Dispose() => _terminal.Dispose();

    private string NewLine => raw ? "\r\n" : "\n";

    private string Line(string colour, string text) =>
        _colours ? $"\e[{colour}m{text}\e[0m{NewLine}" : text + NewLine;

    private void Write(string text)
    {
        lock (_lock)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes((_last == (byte)'\n' ? "" : NewLine) + text);
            _terminal.Write(bytes);
            _terminal.Flush();
            _last = (byte)'\n';
        }
    }
}
