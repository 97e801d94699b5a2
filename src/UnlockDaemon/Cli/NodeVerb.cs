using System.Diagnostics;
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

    /// <summary>Whose the holds are that a node asks for: no node ends another one.</summary>
    private const string Owner = "ganeti";

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

    /// <summary>Every instance that is configured: what the node moves has all of their containers.</summary>
    private static IReadOnlyList<Instance> Instances =>
        Instance.Configured() is { Count: > 0 } found ? found : [Instance.Current];

    /// <summary>The status of the first; all must answer, or the node learns that one does not.</summary>
    private static async Task<int> TellStatusAsync(Output output, NodeRequest request, CancellationToken cancellation)
    {
        StatusReply? first = null;
        foreach (Instance instance in Instances)
        {
            Instance.Use(instance);
            (int code, StatusReply? status) = await StatusVerb.AskAsync(output, cancellation);
            if (status is null)
                return code;
            first ??= status;
        }

        output.Object(ForNode(first!), ProtocolJson.Default.StatusReply);
        if (request.Nonce.Length > 0)
            WriteReceipt("status", request, first!.BootId, DateTimeOffset.UtcNow);
        return ExitCode.Success;
    }

    /// <summary>A node has no business with what services log, nor with the names of files that an error may have.</summary>
    internal static StatusReply ForNode(StatusReply status) => status with
    {
        LastError = null,
        Services = [.. status.Services.Select(static service => service with { Log = [] })],
    };

    /// <summary>
    /// One certificate for all: it has the checks of each, and there is none unless all are locked. Those that were
    /// locked before one that could not be are prompted for again at once.
    /// </summary>
    private static async Task<int> LockAsync(Output output, NodeRequest request, CancellationToken cancellation)
    {
        Certificate? all = null;
        List<Instance> held = [];
        long started = Stopwatch.GetTimestamp();
        foreach (Instance instance in Instances)
        {
            Instance.Use(instance);
            (int code, Certificate? proof, bool isHeld) =
                await LockOneAsync(output, request, Stopwatch.GetElapsedTime(started), cancellation);
            if (proof is null)
            {
                foreach (Instance locked in held)
                {
                    Instance.Use(locked);
                    await ReleaseVerb.AskAsync(output, cancellation);
                }

                return code;
            }

            if (isHeld)
                held.Add(instance);
            all = all is null ? proof : Join(all, proof);
        }

        output.Object(all!, ProtocolJson.Default.Certificate);
        WriteReceipt("certificate", request, all!.BootId, all.IssuedAt);
        return ExitCode.Success;
    }

    /// <returns>The certificate, or null and why not; and whether it was put on hold by this.</returns>
    private static async Task<(int Code, Certificate? Proof, bool IsHeld)> LockOneAsync(
        Output output, NodeRequest request, TimeSpan elapsed, CancellationToken cancellation)
    {
        (int code, StatusReply? status) = await StatusVerb.AskAsync(output, cancellation);
        if (status is null)
            return (code, null, false);
        // A hold that an operator asked for stays as it is, with its own limit.
        bool hold = MayHold(status);
        double? left = request.Deadline is { } deadline ? Math.Max(1, (deadline - elapsed).TotalSeconds) : null;
        LockParameters parameters = new(
            left, hold, request.HoldLimit?.TotalSeconds,
            $"{Owner} {request.Operation}", request.Nonce, HoldOwner: Owner);
        (code, Certificate? proof) = await LockVerb.AskAsync(output, parameters, cancellation);
        return (code, proof, hold && !status.Held);
    }

    /// <summary>Issued when the first was: what the node counts as fresh must be fresh for every volume.</summary>
    private static Certificate Join(Certificate all, Certificate next) => all with
    {
        Container = $"{all.Container}, {next.Container}",
        Checks = [.. all.Checks, .. next.Checks],
        Seconds = new LockSeconds(
            all.Seconds.Services + next.Seconds.Services, all.Seconds.Unmount + next.Seconds.Unmount,
            all.Seconds.Total + next.Seconds.Total),
    };

    private static async Task<int> ReleaseAsync(Output output, NodeRequest request, CancellationToken cancellation)
    {
        string? bootId = null;
        foreach (Instance instance in Instances)
        {
            Instance.Use(instance);
            (int code, StatusReply? status) = await StatusVerb.AskAsync(output, cancellation);
            if (status is null)
                return code;
            bootId = status.BootId;
            if (MayHold(status)
                && await ReleaseVerb.AskAsync(output, cancellation) is not ExitCode.Success and var failed)
                return failed;
        }

        output.Object(new Nothing(), ProtocolJson.Default.Nothing);
        WriteReceipt("release", request, bootId!, DateTimeOffset.UtcNow);
        return ExitCode.Success;
    }

    /// <summary>Whether a hold is a node's to ask for, to renew or to end: an operator's is none of its business.</summary>
    internal static bool MayHold(StatusReply status) => !status.Held || status.HoldOwner == Owner;

    private static void WriteReceipt(string word, NodeRequest request, string bootId, DateTimeOffset time) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"unlockd-{word} {Version} {request.Nonce} {bootId} {time.ToUnixTimeSeconds()}"));
}
