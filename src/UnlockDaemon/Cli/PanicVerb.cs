using System.CommandLine;
using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl panic.</summary>
internal static class PanicVerb
{
    internal const string Name = "panic";

    // A daemon that works is through with the rest by then.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // One that has not said a word by then is stuck.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(3);

    internal static Command Make(Option<bool> json)
    {
        Option<bool> all = new("--all") { Description = "All volumes of this machine, not only the one of --instance" };
        Command command = new(Name, "Emergency: takes the key out of the kernel's memory at once, then kills the "
            + "services, unmounts and detaches. Asks nothing. What was not yet on the disk is lost, as in a power "
            + "failure.\n\nExample: unlockctl panic")
        {
            all,
        };
        command.SetAction((parsed, cancellation) =>
        {
            ProcessPriority.TakeRealTime();
            Output output = new(parsed.GetValue(json), mayGoUnheard: true);
            return parsed.GetValue(all) ? RunAllAsync(output, cancellation) : RunAsync(output, cancellation);
        });
        return command;
    }

    /// <summary>
    /// The plain "unlockctl panic", for which the command line need not be parsed: on a processor that writers keep
    /// busy that would take as long as the wiping.
    /// </summary>
    internal static Task<int> RunAtOnceAsync()
    {
        ProcessPriority.TakeRealTime();
        return RunAsync(new Output(json: false, mayGoUnheard: true), CancellationToken.None);
    }

    /// <summary>All keys first; only then the rest of each.</summary>
    private static async Task<int> RunAllAsync(Output output, CancellationToken cancellation)
    {
        _ = WipeKeys(output, everyInstance: true);
        int code = ExitCode.Success;
        foreach (Instance instance in Instance.Configured())
        {
            Instance.Use(instance);
            code = Math.Max(code, await TakeDownAsync(output, cancellation));
        }

        return code;
    }

    private static Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        if (!WipeKeys(output, everyInstance: false))
            output.Line("no volume is open: there is no key to wipe");
        return TakeDownAsync(output, cancellation);
    }

    /// <summary>The key first, and by this process: that needs neither the daemon nor its configuration.</summary>
    /// <returns>Whether there was one.</returns>
    private static bool WipeKeys(Output output, bool everyInstance)
    {
        List<string> left = [];
        IReadOnlyList<CryptMapping> wiped = KeyWipe.WipeAllKeys(left, mapping =>
        {
            double seconds = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
            output.Line($"the key of {mapping.Path} is out of the kernel's memory {seconds:0.00} s after the start "
                + "of unlockctl");
        }, everyInstance ? null : Instance.Current);
        KeyWipe.FailAll(wiped, left);
        // The daemon tries again, once the services are killed.
        foreach (string reason in left)
            output.Line(reason);
        return wiped.Count + left.Count > 0;
    }

    private static async Task<int> TakeDownAsync(Output output, CancellationToken cancellation)
    {
        VarlinkReply? reply = await AskDaemonAsync(output, cancellation);
        if (reply?.Error is { } error)
            return output.Fail(ExitCode.Failure, reply, DaemonCall.Explain(error).Message);
        if (reply is null && await TakeDownAloneAsync(output) is { } left)
            return output.Fail(ExitCode.Failure, left);
        output.Object(new Nothing(), ProtocolJson.Default.Nothing);
        output.Line("services, file system, mapping and loop device are down");
        return ExitCode.Success;
    }

    private static async Task<VarlinkReply?> AskDaemonAsync(Output output, CancellationToken cancellation)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(s_silence);
        using ProgressDisplay progress = new(output);
        try
        {
            return await DaemonCall.MakeAsync("org.unlockd.Panic", happened =>
            {
                patience.CancelAfter(s_patience);
                progress.Show(happened);
            }, patience.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or ProtocolException
            && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<string?> TakeDownAloneAsync(Output output)
    {
        output.Line("the daemon does not answer: taking the rest down without it");
        ConfigurationResult loaded = ConfigurationLoader.Load(Instance.Current.Configuration);
        return loaded.Configuration is { } configuration
            ? await LonePanic.TakeDownAsync(configuration, Instance.Current)
            : string.Join('\n', loaded.Errors);
    }
}
