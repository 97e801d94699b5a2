using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl unlock.</summary>
internal static class UnlockVerb
{
    private const string Method = "org.unlockd.Unlock";
    private const int TypedTries = 3;

    internal static async Task<int> RunAsync(Output output, string? passphraseFile, CancellationToken cancellation)
    {
        using ProgressDisplay progress = new(output);
        VarlinkReply? reply;
        if (passphraseFile is not null)
        {
            using Passphrase passphrase = PassphraseSource.ReadFile(passphraseFile);
            reply = await DaemonCall.MakeAsync(Method, passphrase, progress.Show, cancellation);
        }
        else
        {
            // Without one first: a mounted volume whose services are to be tried again needs none.
            reply = await DaemonCall.MakeAsync(Method, progress.Show, cancellation);
            if (reply?.Error?.Name == VarlinkError.PassphraseNeeded)
                reply = await AskAsync(output, progress, cancellation);
        }

        if (reply is null)
            return output.Fail(ExitCode.Unavailable, DaemonCall.NotReachable);
        if (reply.Error is { } error)
            return Refuse(output, reply, error);
        output.Object(reply.Read(ProtocolJson.Default.UnlockReply), ProtocolJson.Default.UnlockReply);
        return ExitCode.Success;
    }

    private static int Refuse(Output output, VarlinkReply reply, VarlinkError error)
    {
        if (error.Name == VarlinkError.PassphraseNeeded)
        {
            return output.Fail(ExitCode.Failure, reply, PassphraseSource.HasTerminal
                ? "given up"
                : "there is no terminal to type the passphrase on: use --passphrase-file FILE, or - for "
                    + "standard input");
        }

        (int code, string message) = DaemonCall.Explain(error);
        return output.Fail(code, reply, message);
    }

    /// <summary>The reply to the last try; PassphraseNeeded when the operator gave up.</summary>
    private static async Task<VarlinkReply?> AskAsync(
        Output output, ProgressDisplay progress, CancellationToken cancellation)
    {
        VarlinkReply? reply = new(default,
            new VarlinkError(VarlinkError.PassphraseNeeded, new ErrorParameters()), false);
        for (int i = 0; i < TypedTries && PassphraseSource.HasTerminal; i++)
        {
            using Passphrase? passphrase = await PassphraseSource.AskAsync("Passphrase: ", cancellation);
            if (passphrase is null)
                break;
            reply = await DaemonCall.MakeAsync(Method, passphrase, progress.Show, cancellation);
            if (reply?.Error?.Name != VarlinkError.WrongPassphrase || i == TypedTries - 1)
                break;
            output.Line(Wording.Sentence(reply.Error.Parameters.Reason ?? DaemonCall.WrongPassphrase));
        }

        return reply;
    }
}
