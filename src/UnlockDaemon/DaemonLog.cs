using Serilog;
using Serilog.Core;
using UnlockDaemon.Protocol;

namespace UnlockDaemon;

/// <summary>The log: entries with fields in the journal under systemd, lines with the time on a terminal.</summary>
internal static class DaemonLog
{
    private const string Line = "{Timestamp:HH:mm:ss} {Message:lj}{NewLine}{Exception}";

    /// <summary>Makes the log of a daemon.</summary>
    /// <param name="instance">Which daemon: a field of every entry.</param>
    internal static Logger CreateLogger(Instance instance)
    {
        LoggerConfiguration configuration = new LoggerConfiguration()
            .Enrich.WithProperty("Instance", instance.IsUsual ? "unlockd" : instance.Name);
        // Set by systemd for whatever it connects to the journal: systemd.exec(5).
        return Environment.GetEnvironmentVariable("JOURNAL_STREAM") is null
            ? configuration.WriteTo.Console(
                outputTemplate: Line, standardErrorFromLevel: Serilog.Events.LogEventLevel.Verbose).CreateLogger()
            : configuration.WriteTo.Sink(new JournalSink(JournalSink.Address)).CreateLogger();
    }
}
