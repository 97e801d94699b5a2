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
}
