using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Api;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.UnitTests.Configuration;
using UnlockDaemon.UnitTests.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Api;

/// <summary>The socket of a daemon whose volume is locked.</summary>
public sealed class ControlSocketTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-socket-").FullName;
    private readonly Socket _client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ServiceSet _services = new([], new StandInSystemd(), NullLogger.Instance);
    private readonly Volume _volume;

    public ControlSocketTests()
    {
        UnlockdConfiguration configuration =
            ConfigurationLoaderTests.Valid("volume: { container: /no/such/file, mount_point: /no/such/directory }");
        EventHub events = new();
        _volume = new Volume(configuration, _services, new StorageStack(configuration.Volume, false, null),
            events, NullLogger.Instance);
        string path = Path.Combine(_directory, "socket");
        ControlMethods methods = new(_volume, _services, events, configuration);
        _ = new ControlSocket(path, methods, NullLogger.Instance)
            .RunAsync(() => _client.Connect(new UnixDomainSocketEndPoint(path)), _stopping.Token);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
        _client.Dispose();
        _volume.Dispose();
        _services.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task WatchEndsWhenItsCallerHasGone()
    {
        _client.Send(VarlinkMessage.Call("org.unlockd.Watch", new Nothing(), ProtocolJson.Default.Nothing, more: true)
            .Span);
        byte[] reply = new byte[1024];
        Assert.NotEqual(0, await ReceiveAsync(reply));
        _client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await ReceiveAsync(reply));
    }

    private Task<int> ReceiveAsync(byte[] reply) =>
        _client.ReceiveAsync(reply, Cancellation).AsTask().WaitAsync(s_limit, Cancellation);
}
