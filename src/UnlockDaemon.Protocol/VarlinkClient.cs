using System.Net.Sockets;
using System.Runtime.CompilerServices;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Protocol;

/// <summary>The operator's end of the control socket.</summary>
public sealed class VarlinkClient : IDisposable
{
    private readonly MessageStream _stream;

    private VarlinkClient(Socket socket) => _stream =
        new MessageStream(socket, TimeSpan.FromSeconds(10), MessageStream.MaximumReply, mayBeSwapped: true);

    /// <summary>Connects to the daemon.</summary>
    /// <param name="path">Path of the socket.</param>
    /// <returns>The client, or null when no daemon is there.</returns>
    public static VarlinkClient? TryConnect(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new VarlinkClient(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Makes a call that carries no secret.</summary>
    /// <param name="call">The message.</param>
    /// <param name="cancellation">Hangs up.</param>
    /// <returns>The replies, the last one without <see cref="VarlinkReply.Continues"/>.</returns>
    /// <exception cref="ProtocolException">The daemon hung up before its last reply.</exception>
    public async IAsyncEnumerable<VarlinkReply> CallAsync(
        ReadOnlyMemory<byte> call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await _stream.SendAsync(call, cancellation);
        await foreach (VarlinkReply reply in RepliesAsync(cancellation))
            yield return reply;
    }

    /// <summary>Makes a call with a passphrase.</summary>
    /// <param name="method">Full name of the method.</param>
    /// <param name="passphrase">The passphrase; may be disposed once the first reply is there.</param>
    /// <param name="size">The parameter "size"; null when the method takes none.</param>
    /// <param name="cancellation">Hangs up.</param>
    /// <returns>The replies.</returns>
    /// <exception cref="ProtocolException">The daemon hung up before its last reply.</exception>
    public async IAsyncEnumerable<VarlinkReply> CallWithPassphraseAsync(
        string method, Passphrase passphrase, long? size, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using (LockedMemory message = VarlinkMessage.CallWithPassphrase(method, passphrase, out int length, size))
            await _stream.SendAsync(message.Memory[..length], cancellation);
        await foreach (VarlinkReply reply in RepliesAsync(cancellation))
            yield return reply;
    }

    /// <summary>Hangs up.</summary>
    public void Dispose() => _stream.Dispose();

    private async IAsyncEnumerable<VarlinkReply> RepliesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        VarlinkReply reply;
        do
        {
            ReadOnlyMemory<byte> message = await _stream.ReceiveAsync(cancellation)
                ?? throw new ProtocolException($"the daemon hung up: see 'journalctl -u {Instance.Current.Unit}'");
            reply = VarlinkReply.Parse(message);
            yield return reply;
        }
        while (reply.Continues);
    }
}
