using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl release.</summary>
internal static class ReleaseVerb
{
    internal static async Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        int code = await AskAsync(output, cancellation);
        if (code != ExitCode.Success)
            return code;
        output.Object(new Nothing(), ProtocolJson.Default.Nothing);
        output.Line("released: the consoles prompt again");
        return code;
    }

    /// <summary>Has the daemon release; says why if it does not.</summary>
    internal static async Task<int> AskAsync(Output output, CancellationToken cancellation)
    {
        VarlinkReply? reply = await DaemonCall.MakeAsync("org.unlockd.Release", null, cancellation);
        if (reply is null)
            return output.Fail(ExitCode.Failure, DaemonCall.NotReachable);
        return reply.Error is { } error
            ? output.Fail(ExitCode.Failure, reply, DaemonCall.Explain(error).Message)
            : ExitCode.Success;
    }
}
