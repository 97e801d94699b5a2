using System.Globalization;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>
/// unlockctl node: the one command that the key of the Ganeti nodes may run in this instance.
/// </summary>
/// <remarks>
/// Standard output is for the hook of unlockd-ganeti, which is a shell script without a JSON parser: the JSON object on
/// one line, then a receipt of fixed form, "unlockd-WORD 1 NONCE BOOT-ID UNIX-TIME". What people read is on standard
/// error, and ends up in Ganeti's own output.
/// </remarks>
internal static class NodeVerb
{
    private const int Version = 1;

    /// <summary>Begins the reason of every hold that a node asked for: no node ends another one.</summary>
    private const string HoldMark = "ganeti ";

    internal static Task<int> RunAsync(CancellationToken cancellation)
    {
        Output output = new(json: true);
        NodeRequest? request = NodeRequest.Parse(Environment.GetEnvironmentVariable("SSH_ORIGINAL_COMMAND") ?? "");
        return request?.Word switch
        {
            null => Task.FromResult(output.Fail(ExitCode.Failure,
                $"this is no request of a Ganeti node, which is one of: {NodeRequest.Sentences}")),
            "lock" => LockAsync(output, request, cancellation),
            "release" => ReleaseAsync(output, request, cancellation),
            _ => TellStatusAsync(output, request, cancellation),
        };
    }

    private static async Task<int> TellStatusAsync(Output output, NodeRequest request, CancellationToken cancellation)
    {
        (int code, StatusReply? status) = await StatusVerb.AskAsync(output, cancellation);
        if (status is null)
            return code;
        output.Object(status, ProtocolJson.Default.StatusReply);
        if (request.Nonce.Length > 0)
            WriteReceipt("status", request, status.BootId, DateTimeOffset.UtcNow);
        return ExitCode.Success;
    }

    private static async Task<int> LockAsync(Output output, NodeRequest request, CancellationToken cancellation)
    {
        (int code, StatusReply? status) = await StatusVerb.AskAsync(output, cancellation);
        if (status is null)
            return code;
        // A hold that an operator asked for stays as it is, with its own limit.
        bool hold = MayHold(status);
        LockParameters parameters = new(
            request.Deadline?.TotalSeconds, hold, request.HoldLimit?.TotalSeconds,
            HoldMark + request.Operation, request.Nonce);
        (code, Certificate? proof) = await LockVerb.AskAsync(output, parameters, cancellation);
        if (proof is null)
            return code;
        output.Object(proof, ProtocolJson.Default.Certificate);
        WriteReceipt("certificate", request, proof.BootId, proof.IssuedAt);
        return code;
    }

    private static async Task<int> ReleaseAsync(Output output, NodeRequest request, CancellationToken cancellation)
    {
        (int code, StatusReply? status) = await StatusVerb.AskAsync(output, cancellation);
        if (status is null)
            return code;
        if (MayHold(status))
            code = await ReleaseVerb.RunAsync(output, cancellation);
        else
            output.Object(new Nothing(), ProtocolJson.Default.Nothing);
        if (code == ExitCode.Success)
            WriteReceipt("release", request, status.BootId, DateTimeOffset.UtcNow);
        return code;
    }

    private static bool MayHold(StatusReply status) =>
        !status.Held || (status.HoldReason ?? "").StartsWith(HoldMark, StringComparison.Ordinal);

    private static void WriteReceipt(string word, NodeRequest request, string bootId, DateTimeOffset time) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"unlockd-{word} {Version} {request.Nonce} {bootId} {time.ToUnixTimeSeconds()}"));
}
