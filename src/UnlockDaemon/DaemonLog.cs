using Serilog;
using Serilog.Core;
using Serilog.Events;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Protocol;

namespace UnlockDaemon;

/// <summary>The log: entries with fields in the journal under systemd, lines with the time on a terminal.</summary>
internal static class DaemonLog
{
    private const string Line = "{Timestamp:HH:mm:ss} {Message:l}{NewLine}{Exception}";

    /// <summary>Makes the log of a daemon.</summary>
    /// <param name="instance">Which daemon: a field of every entry.</param>
    internal static Logger CreateLogger(Instance instance)
    {
        LoggerConfiguration configuration = new LoggerConfiguration()
            // Where the host has its files, and that it starts and stops, is no news.
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .Enrich.WithProperty("Instance", instance.IsUsual ? "unlockd" : instance.Name);
        return JournalStream.IsStandardError
            ? configuration.WriteTo.Sink(new JournalSink(JournalSink.Address, Console.Error)).CreateLogger()
            : configuration.WriteTo.Console(
                outputTemplate: Line, standardErrorFromLevel: LogEventLevel.Verbose).CreateLogger();
    }
}
