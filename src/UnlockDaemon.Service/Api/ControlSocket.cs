using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Api;

/// <summary>Listens on the control socket. Every user may connect; the table of methods says who may do what.</summary>
internal sealed partial class ControlSocket(string path, ControlMethods methods, ILogger logger)
{
    private const int MaximumConnections = 64;
    private static readonly TimeSpan s_messageLimit = TimeSpan.FromSeconds(10);
    private readonly Connections _connections = new(MaximumConnections);

    /// <summary>Serves until cancelled.</summary>
    internal async Task RunAsync(Action listening, CancellationToken cancellation)
    {
        using Socket listener = Listen();
        listening();
        while (true)
        {
            Socket socket = await listener.AcceptAsync(cancellation);
            Connection connection = new(new MessageStream(socket, s_messageLimit, MessageStream.MaximumCall),
                PeerCredentials.Of(socket));
            if (_connections.TryAdd(connection))
                _ = ServeAsync(connection, cancellation);
            else
                connection.Stream.Dispose();
        }
    }

    private Socket Listen()
    {
        File.Delete(path);
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, (UnixFileMode)0x1B6); // 0666: the table of methods decides by uid
        listener.Listen(MaximumConnections);
        return listener;
    }

    private async Task ServeAsync(Connection connection, CancellationToken cancellation)
    {
        try
        {
            await ConverseAsync(connection, cancellation);
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
        {
            // The daemon stops, or the connection was closed to make room.
        }
        catch (ProtocolException broken)
        {
            LogBroken(connection.Peer.Pid, connection.Peer.Uid, broken.Message);
        }
        catch (Exception unexpected)
        {
            LogUnexpected(unexpected);
        }
        finally
        {
            _connections.Remove(connection);
            connection.Stream.Dispose();
        }
    }

    private async Task ConverseAsync(Connection connection, CancellationToken cancellation)
    {
        while (await ReceiveAsync(connection, cancellation) is { } message)
        {
            connection.Busy = true;
            VarlinkCall call;
            try
            {
                call = VarlinkCall.Parse(message);
            }
            catch (ProtocolException malformed)
            {
                await RefuseAsync(connection, malformed, cancellation);
                throw;
            }

            await methods.AnswerAsync(new Conversation(connection.Stream, call, connection.Peer), cancellation);
            connection.Busy = false;
        }
    }

    private static async Task<ReadOnlyMemory<byte>?> ReceiveAsync(Connection connection, CancellationToken cancellation)
    {
        try
        {
            return await connection.Stream.ReceiveAsync(cancellation);
        }
        catch (ProtocolException malformed)
        {
            await RefuseAsync(connection, malformed, cancellation);
            throw;
        }
    }

    private static Task RefuseAsync(Connection connection, ProtocolException reason, CancellationToken cancellation) =>
        connection.Stream.SendAsync(
            VarlinkMessage.Error(
                new VarlinkError(VarlinkError.MalformedMessage, new ErrorParameters(Reason: reason.Message))),
            cancellation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "control socket: pid {Pid}, uid {Uid}: {Reason}")]
    private partial void LogBroken(int pid, uint uid, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "control socket: a call failed")]
    private partial void LogUnexpected(Exception exception);
}
