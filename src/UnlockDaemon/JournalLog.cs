using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon;

/// <summary>
/// The log: lines on standard error with the journal's priority prefixes under systemd (sd-daemon(3)), and with the
/// time on a terminal.
/// </summary>
/// <remarks>
/// A logging library takes 4 MiB of the 28 that an idle daemon may have; this is all that is needed of one.
/// </remarks>
internal sealed class JournalLog : ILogger, IDisposable
{
    private const int StandardError = 2;
    private static readonly string[] s_priorities = ["<7>", "<7>", "<6>", "<4>", "<3>", "<2>"];
    private readonly bool _journal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;

    // Not Console.Error: its encodings and terminal settings would stay in memory.
    private readonly FileStream _output =
        new(new SafeFileHandle(StandardError, ownsHandle: false), FileAccess.Write, bufferSize: 0);

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        string prefix = _journal ? s_priorities[(int)logLevel] : DateTime.Now.ToString("HH:mm:ss ");
        string text = $"{formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}";
        foreach (string line in text.Split('\n'))
            Write(prefix + line + "\n");
    }

    /// <inheritdoc/>
    public void Dispose() => _output.Dispose();

    private void Write(string line)
    {
        try
        {
            lock (_output)
                _output.Write(Encoding.UTF8.GetBytes(line));
        }
        catch (IOException)
        {
            // A journal that is gone must not end the daemon.
        }
    }
}
