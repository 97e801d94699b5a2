using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Volumes;

namespace UnlockDaemon.Service.Prompts;

/// <summary>The other instances of this machine: one prompt is for all that are locked.</summary>
/// <remarks>
/// They are reached by their sockets. One after the other: a key derivation may want most of the memory.
/// </remarks>
internal sealed class Siblings
{
    // A daemon answers at once or is stuck; a key derivation takes its time.
    private static readonly TimeSpan s_statusLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_unlockLimit = TimeSpan.FromMinutes(2);

    /// <summary>Where the others are locked and wait for a passphrase.</summary>
    /// <returns>The instances with their mount points; empty where there is one instance.</returns>
    internal static async Task<List<(Instance Instance, string MountPoint)>> FindLockedAsync()
    {
        List<(Instance, string)> locked = [];
        foreach (Instance instance in Instance.Configured())
        {
            if (instance != Instance.Current
                && await AskAsync(instance) is { Held: false, State: "locked" or "failed" } status)
                locked.Add((instance, status.Volume.MountPoint));
        }

        return locked;
    }

    /// <summary>
    /// Tries a passphrase on this volume and on all others that are locked. It is wiped before this returns: who asked
    /// for it then waits.
    /// </summary>
    /// <param name="volume">This instance's volume.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="tell">Told of each other that it opened, and of each that failed for another reason.</param>
    /// <returns>What came of it here, and whether it opened any other.</returns>
    internal static async Task<(UnlockAttempt Attempt, bool Others)> TryAllAsync(
        Volume volume, Passphrase passphrase, Action<string> tell)
    {
        // An unlock wipes what it is given.
        using Passphrase? copy = Instance.Configured().Any(static other => other != Instance.Current)
            ? passphrase.Copy()
            : null;
        try
        {
            UnlockAttempt attempt = await volume.UnlockAsync(passphrase);
            return (attempt, copy is not null && await TryOthersAsync(copy, tell));
        }
        finally
        {
            passphrase.Clear();
        }
    }

    private static async Task<bool> TryOthersAsync(Passphrase passphrase, Action<string> tell)
    {
        bool opened = false;
        foreach ((Instance instance, string mountPoint) in await FindLockedAsync())
        {
            VarlinkError? error = await UnlockAsync(instance, passphrase);
            opened |= error is null;
            if (error is null)
                tell($"{mountPoint} is mounted; its services are starting.");
            else if (error.Name != VarlinkError.WrongPassphrase)
                tell($"{mountPoint} is not unlocked: {error.Parameters.Reason ?? error.Name}");
        }

        return opened;
    }

    private static async Task<StatusReply?> AskAsync(Instance instance)
    {
        using CancellationTokenSource limit = new(s_statusLimit);
        using VarlinkClient? client = VarlinkClient.TryConnect(instance.Socket);
        if (client is null)
            return null;
        try
        {
            ReadOnlyMemory<byte> call =
                VarlinkMessage.Call("org.unlockd.Status", new Nothing(), ProtocolJson.Default.Nothing, more: false);
            await foreach (VarlinkReply reply in client.CallAsync(call, limit.Token))
                return reply.Error is null ? reply.Read(ProtocolJson.Default.StatusReply) : null;
        }
        catch (Exception gone) when (gone is IOException or ProtocolException or OperationCanceledException)
        {
            // It is on its way up or down.
        }

        return null;
    }

    /// <returns>Null when it is mounted; its services are not waited for.</returns>
    private static async Task<VarlinkError?> UnlockAsync(Instance instance, Passphrase passphrase)
    {
        using CancellationTokenSource limit = new(s_unlockLimit);
        using VarlinkClient? client = VarlinkClient.TryConnect(instance.Socket);
        string reason = "its daemon does not answer";
        if (client is null)
            return new(VarlinkError.Failed, new(Reason: reason));
        try
        {
            await foreach (VarlinkReply reply in client.CallWithPassphraseAsync(
                "org.unlockd.Unlock", passphrase, size: null, limit.Token))
            {
                if (!reply.Continues)
                    return reply.Error;
                if (reply.Read(ProtocolJson.Default.EventReply).Event is { Kind: "state", Subject: "starting" })
                    return null;
            }
        }
        catch (Exception gone) when (gone is IOException or ProtocolException or OperationCanceledException)
        {
            reason = gone.Message;
        }

        return new(VarlinkError.Failed, new(Reason: reason));
    }
}
