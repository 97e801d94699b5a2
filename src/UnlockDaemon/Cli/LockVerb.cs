using System.Text.Json;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>unlockctl lock.</summary>
internal static class LockVerb
{
    /// <summary>As a certificate file: the certificate is all that is written there, as with --json.</summary>
    internal const string StandardOutput = "-";

    internal static async Task<int> RunAsync(
        Output output, LockParameters parameters, string? certificateFile, CancellationToken cancellation)
    {
        (int code, Certificate? proof) = await AskAsync(output, parameters, cancellation);
        if (proof is null)
            return code;
        if (certificateFile is not null and not StandardOutput)
            OutputFile.Write(certificateFile,
                [.. JsonSerializer.SerializeToUtf8Bytes(proof, ProtocolJson.Default.Certificate), (byte)'\n']);
        output.Object(proof, ProtocolJson.Default.Certificate);
        output.Line($"locked and proven in {proof.Seconds.Total:0.0} s: {proof.Container} may be copied or migrated");
        return ExitCode.Success;
    }

    /// <summary>Has the daemon lock; says why if it does not.</summary>
    /// <returns>The exit code and, when it is 0, the proof.</returns>
    internal static async Task<(int Code, Certificate? Proof)> AskAsync(
        Output output, LockParameters parameters, CancellationToken cancellation)
    {
        VarlinkReply? reply;
        using (ProgressDisplay progress = new(output))
        {
            reply = await DaemonCall.MakeAsync(
                "org.unlockd.Lock", parameters, ProtocolJson.Default.LockParameters, progress.Show, cancellation);
        }

        if (reply is null)
            return (output.Fail(ExitCode.Failure, DaemonCall.NotReachable), null);
        return reply.Error is { } error
            ? (Refuse(output, reply, error), null)
            : (ExitCode.Success, reply.Read(ProtocolJson.Default.LockReply).Certificate);
    }

    private static int Refuse(Output output, VarlinkReply reply, VarlinkError error)
    {
        (int code, string message) = DaemonCall.Explain(error);
        foreach (HolderInfo holder in error.Parameters.Holders ?? [])
            output.Line("  " + HoldersVerb.Sentence(holder));
        return output.Fail(code, reply, message);
    }
}
