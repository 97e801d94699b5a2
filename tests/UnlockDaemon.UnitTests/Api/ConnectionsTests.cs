using UnlockDaemon.Protocol;
using UnlockDaemon.Service.Api;
using UnlockDaemon.UnitTests.Protocol;
using Xunit;

namespace UnlockDaemon.UnitTests.Api;

/// <summary>Who makes room for whom when there are too many connections.</summary>
public sealed class ConnectionsTests : IDisposable
{
    private const uint Root = 0;
    private const uint Stranger = 1000;
    private readonly List<SocketPair> _pairs = [];
    private readonly Connections _connections = new(limit: 2, limitOfUser: 2);

    public void Dispose() => _pairs.ForEach(static pair => pair.Dispose());

    [Fact]
    public void OldestIdleOneOfAUserGoesFirst()
    {
        Assert.True(TryAdd(Root, out SocketPair root));
        Assert.True(TryAdd(Stranger, out SocketPair stranger));
        Assert.True(TryAdd(Root, out _));
        Assert.True(IsOpen(root));
        Assert.False(IsOpen(stranger));
    }

    [Fact]
    public void UserDoesNotTakeThePlaceOfRoot()
    {
        Assert.True(TryAdd(Root, out SocketPair first));
        Assert.True(TryAdd(Root, out SocketPair second));
        Assert.False(TryAdd(Stranger, out _));
        Assert.True(IsOpen(first));
        Assert.True(IsOpen(second));
    }

    [Fact]
    public void RootTakesThePlaceOfRoot()
    {
        Assert.True(TryAdd(Root, out SocketPair first));
        Assert.True(TryAdd(Root, out _));
        Assert.True(TryAdd(Root, out _));
        Assert.False(IsOpen(first));
    }

    [Fact]
    public void BusyOnesStayAndRootComesInBeside()
    {
        Assert.True(TryAdd(Stranger, out SocketPair first, busy: true));
        Assert.True(TryAdd(Stranger, out SocketPair second, busy: true));
        Assert.False(TryAdd(Stranger, out _));
        Assert.True(TryAdd(Root, out _));
        Assert.True(IsOpen(first));
        Assert.True(IsOpen(second));
    }

    [Fact]
    public void OneUserLeavesRoomForTheOthers()
    {
        Connections connections = new(limit: 4, limitOfUser: 2);
        Assert.True(TryAdd(connections, Stranger, out SocketPair first));
        Assert.True(TryAdd(connections, Stranger, out SocketPair second, busy: true));
        Assert.True(TryAdd(connections, Stranger, out SocketPair third, busy: true));
        Assert.False(IsOpen(first));
        Assert.False(TryAdd(connections, Stranger, out _));
        Assert.True(TryAdd(connections, Stranger + 1, out _));
        Assert.True(IsOpen(second));
        Assert.True(IsOpen(third));
    }

    private bool TryAdd(uint uid, out SocketPair pair, bool busy = false) => TryAdd(_connections, uid, out pair, busy);

    private bool TryAdd(Connections connections, uint uid, out SocketPair pair, bool busy = false)
    {
        _pairs.Add(pair = new SocketPair());
        MessageStream stream = new(pair.Server, TimeSpan.FromSeconds(1), MessageStream.MaximumCall);
        return connections.TryAdd(new Connection(stream, new PeerCredentials(1, uid)) { Busy = busy });
    }

    // A socket that is readable and has nothing to read is at its end.
    private static bool IsOpen(SocketPair pair) => !pair.Client.Poll(0, System.Net.Sockets.SelectMode.SelectRead);
}
