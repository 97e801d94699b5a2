using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Cli;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon;

/// <summary>The daemon's main: configuration, log, host.</summary>
internal static class Daemon
{
    private const string Usage = """
        unlockd waits for the passphrase of the encrypted volume, mounts it and starts its services.
        It is run by systemd (unlockd.service) and takes no arguments; operators use unlockctl.
        See unlockd(8), unlockctl(1) and unlockd.yaml(5).
        """;

    internal static async Task<int> RunAsync(string[] args)
    {
        if (args.Length > 0)
        {
            Console.WriteLine(args is ["--version"] ? ProductVersion.Text : Usage);
            return args is ["--version" or "--help" or "-h"] ? ExitCode.Success : ExitCode.Failure;
        }

        using ILoggerFactory loggers = new JournalLog();
        if (LoadConfiguration(loggers) is not { } configuration)
            return ExitCode.Failure;

        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(loggers);
        builder.Services.Configure<HostOptions>(static options =>
        {
            // At shutdown the lock has its own deadline; systemd's TimeoutStopSec stands behind it.
            options.ShutdownTimeout = TimeSpan.FromMinutes(10);
            options.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.StopHost;
        });
        builder.Services.AddHostedService(_ => new UnlockdService(configuration, VarlinkClient.DefaultPath, loggers));
        using IHost host = builder.Build();
        await host.RunAsync();
        return ExitCode.Success;
    }

    private static UnlockdConfiguration? LoadConfiguration(ILoggerFactory loggers)
    {
        ConfigurationResult result = ConfigurationLoader.Load(ConfigurationLoader.DefaultPath);
        foreach (ConfigurationError error in result.Errors)
            loggers.CreateLogger("configuration").Log(LogLevel.Error, default, error, null, static (e, _) => e.ToString());
        return result.Configuration;
    }
}
