using System.Text.Json.Serialization.Metadata;
using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Cli;

/// <summary>A call to the daemon, with what every verb says when it cannot be made.</summary>
internal static class DaemonCall
{
    /// <summary>What the daemon says when it knows no more.</summary>
    internal const string WrongPassphrase = "wrong passphrase";

    internal static string NotReachable =>
        $"the daemon does not answer on {Instance.Current.Socket}: see 'systemctl status {Instance.Current.Unit}', "
        + "and 'unlockctl check' if it does not start";

    /// <summary>Makes a call and takes its last reply.</summary>
    /// <returns>The reply, or null when no daemon is there.</returns>
    internal static Task<VarlinkReply?> MakeAsync<T>(
        string method, T parameters, JsonTypeInfo<T> type, Action<EventInfo>? progress,
        CancellationToken cancellation) =>
        FollowAsync(
            client => client.CallAsync(
                VarlinkMessage.Call(method, parameters, type, more: progress is not null), cancellation),
            progress);

    /// <summary>Makes a call without parameters.</summary>
    internal static Task<VarlinkReply?> MakeAsync(
        string method, Action<EventInfo>? progress, CancellationToken cancellation) =>
        MakeAsync(method, new Nothing(), ProtocolJson.Default.Nothing, progress, cancellation);

    /// <summary>Makes a call with a passphrase, which is wiped at the first sign that the daemon has it.</summary>
    internal static Task<VarlinkReply?> MakeAsync(
        string method, Passphrase passphrase, Action<EventInfo> progress, CancellationToken cancellation,
        long? size = null) =>
        FollowAsync(client => client.CallWithPassphraseAsync(method, passphrase, size, cancellation), progress,
            passphrase);

    /// <summary>What an error means, for people, and the exit code when the verb has none of its own for it.</summary>
    internal static (int Code, string Message) Explain(VarlinkError error) => error.Name switch
    {
        VarlinkError.PermissionDenied => (ExitCode.Failure, "only root may do this: use sudo"),
        VarlinkError.WrongPassphrase => (ExitCode.WrongPassphrase,
            error.Parameters.Reason is { } reason and not WrongPassphrase
                ? reason
                : WrongPassphrase
                    + "; if you are sure of it, the key slot is damaged: see 'man unlockd', Damaged containers"),
        VarlinkError.Busy => (ExitCode.Held, $"busy: the daemon is {error.Parameters.State}; see 'unlockctl watch'"),
        VarlinkError.OnHold => (ExitCode.Held,
            $"on hold ({error.Parameters.Reason}): 'unlockctl release' ends the hold"),
        VarlinkError.VolumeUnusable => (ExitCode.Unavailable, error.Parameters.Reason ?? "the container is not usable"),
        VarlinkError.Held => (ExitCode.Held, error.Parameters.Reason ?? "the volume is held"),
        VarlinkError.Failed => (ExitCode.Failure, $"{error.Parameters.Step}: {error.Parameters.Reason}"),
        VarlinkError.InvalidParameter => (ExitCode.Failure, $"the daemon does not take {error.Parameters.Parameter}"),
        _ => (ExitCode.Failure, $"the daemon answered {error.Name}"),
    };

    private static async Task<VarlinkReply?> FollowAsync(
        Func<VarlinkClient, IAsyncEnumerable<VarlinkReply>> call, Action<EventInfo>? progress,
        Passphrase? sent = null)
    {
        using VarlinkClient? client = VarlinkClient.TryConnect(Instance.Current.Socket);
        if (client is null)
            return null;
        VarlinkReply? last = null;
        await foreach (VarlinkReply reply in call(client))
        {
            last = reply;
            sent?.Clear();
            if (reply.Continues)
                progress?.Invoke(reply.Read(ProtocolJson.Default.EventReply).Event);
        }

        return last;
    }
}
