using System.Text;
using UnlockDaemon.Protocol;
using Xunit;

namespace UnlockDaemon.UnitTests.Protocol;

/// <summary>What a connection does when it is closed.</summary>
public sealed class MessageStreamTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly SocketPair _pair = new();
    private readonly MessageStream _stream;

    public MessageStreamTests() => _stream = new MessageStream(_pair.Server, s_limit, MessageStream.MaximumCall);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _stream.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public async Task MessageCanStillBeReadOnceHungUp()
    {
        _pair.Client.Send("call\0"u8);
        ReadOnlyMemory<byte>? message = await _stream.ReceiveAsync(Cancellation);
        _stream.HangUp();
        Assert.Equal("call", Encoding.ASCII.GetString(message!.Value.Span));
    }

    [Fact]
    public async Task WaitForAMessageEndsWhenHungUp()
    {
        Task<ReadOnlyMemory<byte>?> waiting = _stream.ReceiveAsync(Cancellation);
        _stream.HangUp();
        Assert.Null(await waiting.WaitAsync(s_limit, Cancellation));
    }

    [Fact]
    public async Task EndBehindDataIsSeenAndTheDataKept()
    {
        _pair.Client.Send("first\0sec"u8);
        ReadOnlyMemory<byte>? first = await _stream.ReceiveAsync(Cancellation);
        Task closed = _stream.WhenClosedAsync(Cancellation);
        _pair.Client.Send("ond\0"u8);
        Assert.False(closed.IsCompleted);
        _pair.Client.Dispose();
        await closed.WaitAsync(s_limit, Cancellation);
        Assert.Equal("first", Encoding.ASCII.GetString(first!.Value.Span));
        Assert.Equal("second", Encoding.ASCII.GetString((await _stream.ReceiveAsync(Cancellation))!.Value.Span));
        Assert.Null(await _stream.ReceiveAsync(Cancellation));
    }

    [Fact]
    public async Task PeerThatSendsWithoutEndIsRefused()
    {
        Task closed = _stream.WhenClosedAsync(Cancellation);
        _pair.Client.Send(new byte[MessageStream.MaximumCall + 2]);
        await Assert.ThrowsAsync<ProtocolException>(() => closed.WaitAsync(s_limit, Cancellation));
    }

    /// <summary>Each byte comes within the limit, and the message never ends.</summary>
    [Fact]
    public async Task PeerThatSendsByteByByteIsRefused()
    {
        using SocketPair pair = new();
        using MessageStream stream = new(pair.Server, TimeSpan.FromSeconds(2), MessageStream.MaximumCall);
        using CancellationTokenSource refused = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task dripping = Task.Run(async () =>
        {
            while (!refused.IsCancellationRequested)
            {
                pair.Client.Send("x"u8);
                await Task.Delay(100, CancellationToken.None);
            }
        }, Cancellation);
        await Assert.ThrowsAsync<ProtocolException>(
            () => stream.ReceiveAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(60), Cancellation));
        await refused.CancelAsync();
        await dripping;
    }

    [Fact]
    public async Task StreamGoesOnAfterTheWaitForItsEndWasGivenUp()
    {
        using CancellationTokenSource ending = new();
        Task closed = _stream.WhenClosedAsync(ending.Token);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closed);
        _pair.Client.Send("call\0"u8);
        Assert.Equal("call", Encoding.ASCII.GetString((await _stream.ReceiveAsync(Cancellation))!.Value.Span));
    }
}
