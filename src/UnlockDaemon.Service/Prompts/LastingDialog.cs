using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace UnlockDaemon.Service.Prompts;

/// <summary>
/// A dialog that is tried again: a console that is hung up or a bus that is away must not end the other prompts.
/// </summary>
internal sealed partial class LastingDialog(ILogger logger)
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(5);

    private readonly ILogger _logger = logger;

    /// <summary>Runs a dialog until it ends, is cancelled, or can be tried no more.</summary>
    /// <param name="subject">What it is with, for the log.</param>
    /// <param name="dialog">The dialog.</param>
    /// <param name="canGoOn">Asked after a failure; always if null.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task RunAsync(
        string subject, Func<CancellationToken, Task> dialog, Func<bool>? canGoOn, CancellationToken cancellation)
    {
        TimeSpan pause = TimeSpan.Zero;
        while (!cancellation.IsCancellationRequested)
        {
            long begun = Stopwatch.GetTimestamp();
            try
            {
                await dialog(cancellation);
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception failure)
            {
                // Whatever it is: who stands at another console must not find the prompt there dead.
                if (canGoOn?.Invoke() == false)
                {
                    LogGone(subject, failure.Message);
                    return;
                }

                pause = PauseAfter(Stopwatch.GetElapsedTime(begun), pause);
                LogLost(subject, failure.Message, pause.TotalSeconds);
            }

            await Task.Delay(pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>How long to wait before the next try.</summary>
    /// <param name="lasted">How long the last one went well: after a long time the trouble is a new one.</param>
    /// <param name="before">The pause before it; zero for none.</param>
    internal static TimeSpan PauseAfter(TimeSpan lasted, TimeSpan before)
    {
        if (before == TimeSpan.Zero || lasted > s_longestPause)
            return s_firstPause;
        return before * 2 < s_longestPause ? before * 2 : s_longestPause;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Subject}: {Reason}; trying again in {Seconds} s")]
    private partial void LogLost(string subject, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Subject} is gone: {Reason}")]
    private partial void LogGone(string subject, string reason);
}
