using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl watch.</summary>
internal static class WatchVerb
{
    internal static async Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        try
        {
            VarlinkReply? reply = await DaemonCall.MakeAsync("org.unlockd.Watch", Show, cancellation);
            return output.Fail(ExitCode.Unavailable, reply is null
                ? DaemonCall.NotReachable
                : DaemonCall.Explain(reply.Error ?? new VarlinkError("nothing", new ErrorParameters())).Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Success;
        }

        void Show(EventInfo happened)
        {
            output.Object(new EventReply(happened), ProtocolJson.Default.EventReply);
            output.Line($"{happened.Time.ToLocalTime():HH:mm:ss} {happened.Kind,-8} {happened.Subject,-16} "
                + $"{happened.Text}");
        }
    }
}
