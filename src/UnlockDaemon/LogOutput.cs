using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace UnlockDaemon;

/// <summary>The log: with the journal's priority prefixes under systemd, readable lines on a terminal.</summary>
internal static class LogOutput
{
    private const string Lines = "{Timestamp:HH:mm:ss} {Level:u3} {Message:l}{NewLine}{Exception}";

    // sd-daemon(3): the priority of a line stands in front of it.
    private const string Prefixed = "<{Priority}>{Message:l}{NewLine}{Exception}";

    internal static ILoggerFactory Create()
    {
        bool journal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null;
        Logger logger = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .Enrich.With<PriorityEnricher>()
            .WriteTo.Console(outputTemplate: journal ? Prefixed : Lines)
            .CreateLogger();
        return new SerilogLoggerFactory(logger, dispose: true);
    }

    private sealed class PriorityEnricher : ILogEventEnricher
    {
        public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
        {
            int priority = logEvent.Level switch
            {
                LogEventLevel.Fatal => 2,
                LogEventLevel.Error => 3,
                LogEventLevel.Warning => 4,
                LogEventLevel.Information => 6,
                _ => 7,
            };
            logEvent.AddPropertyIfAbsent(new LogEventProperty("Priority", new ScalarValue(priority)));
        }
    }
}
