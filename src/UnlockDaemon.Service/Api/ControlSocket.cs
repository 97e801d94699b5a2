using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Parts;

namespace UnlockDaemon.Service.Api;

/// <summary>Listens on the control socket. Every user may connect; the table of methods says who may do what.</summary>
internal sealed partial class ControlSocket(string path, ControlMethods methods, ILogger logger) : DaemonPart
{
    private const int MaximumConnections = 64;
    private const int MaximumOfUser = 16;
    private static readonly TimeSpan s_messageLimit = TimeSpan.FromSeconds(10);

    // For the answers that are on their way as the daemon ends.
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(5);

    // Named for the generated log methods.
    private readonly ILogger _logger = logger;
    private readonly Connections _connections = new(MaximumConnections, MaximumOfUser);

    private Socket? _listener;

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _listener = Listen();
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _listener?.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener!.AcceptAsync(stopping);
                Connection connection = new(new MessageStream(socket, s_messageLimit, MessageStream.MaximumCall),
                    PeerCredentials.Of(socket));
                if (_connections.TryAdd(connection))
                    connection.Serving = ServeAsync(connection, stopping);
                else
                    connection.Stream.Dispose();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _listener!.Close();
            await Task.WhenAll(_connections.Serving).WaitAsync(s_lastWords, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
            // Not before the connection knows who serves it.
            await Task.Yield();
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

            // Who watches waits for days, and only gets what all others get as well.
            connection.Busy = call.Method != ControlMethods.Watch;
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
