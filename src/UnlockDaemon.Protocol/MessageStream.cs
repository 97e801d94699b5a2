using System.Net.Sockets;
using System.Security.Cryptography;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Protocol;

/// <summary>
/// Varlink's framing: each message ends with a NUL byte. What is received lies in locked memory and is wiped before
/// the next message, since any message may carry a passphrase; a connection that waits holds no memory at all.
/// </summary>
public sealed class MessageStream : IDisposable
{
    /// <summary>The longest call that the daemon takes, in bytes.</summary>
    public const int MaximumCall = 64 * 1024;

    /// <summary>The longest reply that a client takes, in bytes.</summary>
    public const int MaximumReply = 1024 * 1024;

    private readonly Socket _socket;
    private readonly TimeSpan _limit;
    private readonly int _maximumLength;
    private readonly bool _mayBeSwapped;
    private LockedMemory? _buffer;
    private int _filled;
    private int _taken;

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">The socket; closed with the stream.</param>
    /// <param name="limit">
    /// How long the rest of a message may take once it has begun, and how long a peer may not read.
    /// </param>
    /// <param name="maximumLength">The longest message that is taken, in bytes.</param>
    /// <param name="mayBeSwapped">
    /// Whether messages are taken also where memory cannot be locked: replies have no secrets, and a user may lock less
    /// than the longest of them.
    /// </param>
    public MessageStream(Socket socket, TimeSpan limit, int maximumLength, bool mayBeSwapped = false)
    {
        _socket = socket;
        _limit = limit;
        _maximumLength = maximumLength;
        _mayBeSwapped = mayBeSwapped;
    }

    /// <summary>Waits for the next message.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The message without its NUL, valid until the next call; null when the peer has closed.</returns>
    /// <exception cref="ProtocolException">The message is too long, or was begun and not ended.</exception>
    public async Task<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellation)
    {
        WipeTaken();
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bool begun = false;
        try
        {
            while (true)
            {
                int end = _buffer is null ? -1 : _buffer.GetSpan()[.._filled].IndexOf((byte)0);
                if (end >= 0)
                {
                    _taken = end + 1;
                    return _buffer!.Memory[..end];
                }

                // Once for the whole message, however small the pieces that it comes in.
                if (_filled > 0 && !begun)
                {
                    begun = true;
                    limited.CancelAfter(_limit);
                }

                if (!await ReadMoreAsync(limited.Token))
                    return null;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ProtocolException($"a message was begun and not ended within {_limit.TotalSeconds:0} s");
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>
    /// Waits until the peer has closed, while the message received last is being answered. What it sends meanwhile is
    /// kept for <see cref="ReceiveAsync"/>; only data that is taken lets the end behind it be seen.
    /// </summary>
    /// <param name="cancellation">Ends the wait; only then may the stream be used again.</param>
    /// <exception cref="ProtocolException">The peer sends more than is kept.</exception>
    public async Task WhenClosedAsync(CancellationToken cancellation)
    {
        try
        {
            bool open;
            do
                open = await ReadMoreAsync(cancellation);
            while (open);
        }
        catch (SocketException)
        {
            // Closed, too.
        }
    }

    /// <summary>Sends a message.</summary>
    /// <param name="message">The message with its NUL.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="ProtocolException">The peer does not read, or is gone.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(_limit);
        try
        {
            while (message.Length > 0)
                message = message[await _socket.SendAsync(message, limited.Token)..];
        }
        catch (SocketException gone)
        {
            throw new ProtocolException($"the other side has hung up ({gone.SocketErrorCode})", gone);
        }
        catch (OperationCanceledException slow) when (!cancellation.IsCancellationRequested)
        {
            throw new ProtocolException("the other side does not read", slow);
        }
    }

    /// <summary>
    /// Closes the socket, from any thread: who receives or sends is told. What was received stays where it is until
    /// <see cref="Dispose"/>, as its owner may be reading it.
    /// </summary>
    public void HangUp() => _socket.Dispose();

    /// <summary>Wipes what was received and closes the socket; only for who receives, when he is done.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        ((IDisposable?)_buffer)?.Dispose();
    }

    /// <returns>False at the end of the stream.</returns>
    private async Task<bool> ReadMoreAsync(CancellationToken cancellation)
    {
        // Nothing is locked while nothing comes.
        if (_buffer is null)
            _ = await _socket.ReceiveAsync(Memory<byte>.Empty, cancellation);
        _buffer ??= new LockedMemory(_maximumLength + 1, _mayBeSwapped);
        if (_filled == _buffer.Memory.Length)
            throw new ProtocolException($"a message may have {_maximumLength} bytes at most");
        int count = await _socket.ReceiveAsync(_buffer.Memory[_filled..], cancellation);
        _filled += count;
        return count > 0;
    }

    private void WipeTaken()
    {
        if (_buffer is null)
            return;
        Span<byte> all = _buffer.GetSpan();
        all[_taken.._filled].CopyTo(all);
        int left = _filled - _taken;
        CryptographicOperations.ZeroMemory(all[left.._filled]);
        (_filled, _taken) = (left, 0);
        if (left > 0)
            return;
        ((IDisposable)_buffer).Dispose();
        _buffer = null;
    }
}
