using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Cli;
using UnlockDaemon.Protocol;
using UnlockDaemon.Service;
using UnlockDaemon.Service.Configuration;

namespace UnlockDaemon;

/// <summary>The daemon's main: configuration, log, signals, service.</summary>
/// <remarks>
/// A generic host would give no more than these signals here, for 1.6 MiB of the 5 that the idle daemon may have to
/// itself.
/// </remarks>
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

        using JournalLog log = new();
        if (LoadConfiguration(log) is not { } configuration)
            return ExitCode.Configuration;

        using CancellationTokenSource stopping = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using UnlockdService service = new(configuration, Instance.Current.Socket, log);
        await service.RunAsync(stopping.Token);
        return ExitCode.Success;

        void Stop(PosixSignalContext signal)
        {
            // What is to be done before the end is done by the service; the default would end the process now.
            signal.Cancel = true;
            stopping.Cancel();
        }
    }

    /// <summary>
    /// Typed by hand beside the daemon, a second one would take its socket and its consoles away. What a daemon that
    /// was killed left behind refuses the connection.
    /// </summary>
    private static bool RunsAlready()
    {
        // At boot there is none, and no failed attempt costs memory.
        if (!File.Exists(Instance.Current.Socket))
            return false;
        using VarlinkClient? client = VarlinkClient.TryConnect(Instance.Current.Socket);
        return client is not null;
    }

    private static UnlockdConfiguration? LoadConfiguration(JournalLog log)
    {
        ConfigurationResult result = ConfigurationLoader.Load(Instance.Current.Configuration);
        foreach (ConfigurationError error in result.Errors)
            log.Log(LogLevel.Error, default, error, null, static (e, _) => e.ToString());
        return result.Configuration;
    }
}
