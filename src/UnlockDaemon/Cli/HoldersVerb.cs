using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl holders.</summary>
internal static class HoldersVerb
{
    internal static async Task<int> RunAsync(Output output, CancellationToken cancellation)
    {
        VarlinkReply? reply = await DaemonCall.MakeAsync("org.unlockd.Holders", null, cancellation);
        if (reply is null)
            return output.Fail(ExitCode.Unavailable, DaemonCall.NotReachable);
        if (reply.Error is { } error)
            return output.Fail(ExitCode.Failure, reply, DaemonCall.Explain(error).Message);
        HoldersReply holders = reply.Read(ProtocolJson.Default.HoldersReply);
        output.Object(holders, ProtocolJson.Default.HoldersReply);
        foreach (HolderInfo holder in holders.Holders)
            output.Line(Sentence(holder));
        if (holders.Holders.Count == 0)
            output.Line("nobody holds the volume");
        return holders.Holders.Count == 0 ? ExitCode.Success : ExitCode.Held;
    }

    internal static string Sentence(HolderInfo holder) =>
        new Holder(holder.Pid, holder.Command, holder.Unit, holder.Kind, holder.Path).ToString();
}
