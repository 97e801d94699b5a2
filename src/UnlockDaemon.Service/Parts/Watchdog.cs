using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace UnlockDaemon.Service.Parts;

/// <summary>
/// Tells systemd that this daemon can still work: that a piece of work could take its turn, or that whoever has the turn
/// is within its own limit (a lock's deadline, the services' timeouts, an hour without a word of a file system check). A
/// turn that nobody gives back would leave every lock and unlock waiting for ever; then nothing is told, and systemd
/// starts the daemon anew, which disturbs nothing.
/// </summary>
/// <param name="isAlive">Asked before every ping.</param>
/// <param name="notifier">Tells systemd.</param>
/// <param name="limit">systemd's patience (WatchdogSec=): it is told twice as often.</param>
/// <param name="logger">Told when the turn is lost.</param>
internal sealed partial class Watchdog(
    Func<Task<bool>> isAlive, ISystemdNotifier notifier, TimeSpan limit, ILogger logger) : DaemonPart
{
    // Named for the generated log method.
    private readonly ILogger _logger = logger;

    /// <summary>Reads systemd's patience from the environment: sd_watchdog_enabled(3).</summary>
    /// <returns>WATCHDOG_USEC, if it is meant for this process.</returns>
    internal static TimeSpan? LimitFromEnvironment() => Limit(
        Environment.GetEnvironmentVariable("WATCHDOG_USEC"), Environment.GetEnvironmentVariable("WATCHDOG_PID"),
        Environment.ProcessId);

    /// <summary>Reads systemd's patience.</summary>
    /// <param name="microseconds">WATCHDOG_USEC.</param>
    /// <param name="process">WATCHDOG_PID: whom it is meant for; null for whoever reads it.</param>
    /// <param name="self">This process.</param>
    internal static TimeSpan? Limit(string? microseconds, string? process, int self) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) && limit > 0
            && (process is null || process == self.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(limit)
            : null;

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        using PeriodicTimer timer = new(limit / 2);
        do
        {
            if (await IsAliveAsync())
                notifier.Tell("WATCHDOG=1");
            else
                LogLost();
        }
        while (await timer.WaitForNextTickAsync(stopping));
    }

    /// <summary>Who does not answer is not alive either.</summary>
    private async Task<bool> IsAliveAsync()
    {
        try
        {
            return await isAlive().WaitAsync(limit / 2);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "whoever has the turn has not given it back in time; "
        + "systemd will start the daemon anew")]
    private partial void LogLost();
}
