using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl release.</summary>
internal static class ReleaseVerb
{
    internal static async Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        VarlinkReply? reply = await DaemonCall.MakeAsync("org.unlockd.Release", null, cancellation);
        if (reply is null)
            return output.Fail(ExitCode.Failure, DaemonCall.NotReachable);
        if (reply.Error is { } error)
            return output.Fail(ExitCode.Failure, reply, DaemonCall.Explain(error).Message);
        output.Object(new Nothing(), ProtocolJson.Default.Nothing);
        output.Line("released: the consoles prompt again");
        return ExitCode.Success;
    }
}
