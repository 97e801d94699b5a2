using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Serilog;
using UnlockDaemon.Cli;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Parts;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon;

/// <summary>The daemon's main: configuration, log, host.</summary>
internal static class Daemon
{
    private const string Usage = """
        unlockd waits for the passphrase of the encrypted volume, mounts it and starts its services.
        It is run by systemd (unlockd.service, or unlockd@NAME.service with --instance NAME); operators use unlockctl.
        See unlockd(8), unlockctl(1) and unlockd.yaml(5).
        """;

    internal static async Task<int> RunAsync(string[] args)
    {
        if (args is ["--instance", var name])
        {
            if (Instance.Problem(name) is { } problem)
            {
                Console.Error.WriteLine($"unlockd: --instance \"{name}\" {problem}");
                return ExitCode.Configuration;
            }

            Instance.Use(new Instance(name));
        }
        else if (args.Length > 0)
        {
            Console.WriteLine(args is ["--version"] ? ProductVersion.Text : Usage);
            return args is ["--version" or "--help" or "-h"] ? ExitCode.Success : ExitCode.Failure;
        }

        if (RunsAlready())
        {
            Console.Error.WriteLine($"unlockd: {Instance.Current.Unit} runs already; operators use unlockctl");
            return ExitCode.Failure;
        }

        await using Serilog.Core.Logger log = DaemonLog.CreateLogger(Instance.Current);
        TaskScheduler.UnobservedTaskException += (_, unseen) =>
            log.Error(unseen.Exception, "what nobody waited for any longer has failed");
        try
        {
            return await RunAsync(log);
        }
        catch (Exception failure)
        {
            // Without this the runtime would end the process by a signal.
            log.Fatal(failure, "the daemon cannot go on and has to be started anew");
            return ExitCode.Failure;
        }
    }

    private static async Task<int> RunAsync(Serilog.Core.Logger log)
    {
        ConfigurationResult loaded = ConfigurationLoader.Load(Instance.Current.Configuration);
        foreach (ConfigurationError error in loaded.Errors)
            log.Error("{ConfigurationError:l}", error.ToString());
        if (loaded.Configuration is not { } configuration)
            return loaded.WasRead ? ExitCode.Configuration : ExitCode.Failure;

        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSerilog(log);
        builder.Services.AddSystemd();
        builder.Services.Configure<ConsoleLifetimeOptions>(static options => options.SuppressStatusMessages = true);
        builder.Services.AddUnlockd(configuration, Instance.Current.Socket);
        using IHost host = builder.Build();
        return await RunAsync(host);
    }

    /// <returns>
    /// Failure if a part has failed: the host itself would stop as if it had been told to, and systemd would not know.
    /// </returns>
    internal static async Task<int> RunAsync(IHost host)
    {
        CancellationToken stopping =
            host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        DaemonPart[] parts = [.. host.Services.GetServices<IHostedService>().OfType<DaemonPart>()];
        try
        {
            await host.StartAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop in the middle of the start: what has started is stopped in its order.
        }

        await host.WaitForShutdownAsync();
        return Array.Exists(parts, static part => part.IsBroken) ? ExitCode.Failure : ExitCode.Success;
    }

    /// <summary>
    /// Typed by hand beside the daemon, a second one would take its socket and its consoles away. What a daemon that
    /// was killed left behind refuses the connection.
    /// </summary>
    private static bool RunsAlready()
    {
        using VarlinkClient? client = VarlinkClient.TryConnect(Instance.Current.Socket);
        return client is not null;
    }
}
