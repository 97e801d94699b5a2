using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl status.</summary>
internal static class StatusVerb
{
    internal static async Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        (int code, StatusReply? status) = await AskAsync(output, cancellation);
        if (status is null)
            return code;
        output.Object(status, ProtocolJson.Default.StatusReply);
        Print(output, status);
        return status.State switch
        {
            "ready" => ExitCode.Success,
            "locked" => ExitCode.Locked,
            _ => ExitCode.Failure,
        };
    }

    /// <summary>Asks the daemon; says why if it does not answer.</summary>
    /// <returns>The exit code and, when it is 0, the status.</returns>
    internal static async Task<(int Code, StatusReply? Status)> AskAsync(Output output, CancellationToken cancellation)
    {
        VarlinkReply? reply;
        try
        {
            reply = await DaemonCall.MakeAsync("org.unlockd.Status", null, cancellation);
        }
        catch (ProtocolException)
        {
            // Turned away, as this user has too many connections, or the daemon ended at this moment.
            reply = null;
        }

        if (reply is null)
            return (output.Fail(ExitCode.Unavailable, DaemonCall.NotReachable), null);
        return reply.Error is { } error
            ? (output.Fail(ExitCode.Failure, reply, DaemonCall.Explain(error).Message), null)
            : (ExitCode.Success, reply.Read(ProtocolJson.Default.StatusReply));
    }

    private static void Print(Output output, StatusReply status)
    {
        output.Line($"{Environment.MachineName}: {status.State} since {status.Since.ToLocalTime():yyyy-MM-dd HH:mm:ss}"
            + (status.Held ? $", on hold until {status.HoldUntil?.ToLocalTime():HH:mm:ss}: {status.HoldReason}" : ""));
        output.Line($"volume {status.Volume.Container} ({status.Volume.Format}) on {status.Volume.MountPoint}");
        foreach (LayerInfo layer in status.Layers)
            output.Line($"  {layer.Name,-16} {(layer.Up ? "up" : "down"),-9} {layer.Detail}");
        if (status.Services.Count > 0)
            output.Line("services");
        foreach (ServiceInfo service in status.Services)
        {
            string seconds = service is { State: "ready", Seconds: { } taken } ? $"after {taken:0.0} s" : "";
            output.Line($"  {service.Name,-16} {service.State,-9} {service.Unit} {seconds} {service.Detail}".TrimEnd());
            foreach (string line in service.Log)
                output.Line($"      | {line}");
        }

        foreach (string warning in status.Warnings)
            output.Line($"warning: {warning}");
        if (status.LastError is { } trouble)
            output.Line($"last error: {trouble}");
        if (NextStep(status) is { } next)
            output.Line($"next: {next}");
    }

    private static string? NextStep(StatusReply status) => status switch
    {
        { Held: true } => "'unlockctl release' ends the hold",
        { State: "locked" } => "'unlockctl unlock', or type the passphrase on the console",
        { State: "degraded" } => "mend what failed, then 'unlockctl unlock' starts what is missing",
        { State: "failed" } => "'unlockctl unlock' tries again, 'unlockctl lock' takes down what is up",
        _ => null,
    };
}
