using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Protocol;
using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Service.Api;
using UnlockDaemon.Service.Parts;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;
using UnlockDaemon.UnitTests.Configuration;
using UnlockDaemon.UnitTests.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Api;

/// <summary>The socket of a daemon whose volume is locked.</summary>
public sealed class ControlSocketTests : IAsyncLifetime
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-socket-").FullName;
    private readonly Socket _client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ServiceSet _services;
    private readonly Volume _volume;
    private readonly ControlMethods _methods;
    private readonly ControlSocket _socket;

    public ControlSocketTests()
    {
        UnlockdConfiguration configuration =
            ConfigurationLoaderTests.Valid("volume: { container: /no/such/file, mount_point: /no/such/directory }");
        EventHub events = new();
        Strand strand = new();
        _services = new ServiceSet([], new StandInSystemd(), strand, NullLogger.Instance);
        LinuxMachine machine = new(configuration.Volume, null, keepKey: false, new Instance(""),
            _services.FindRunningAsync, _services.FindProcessesAsync);
        _volume = new Volume(configuration, _directory, _services, machine, strand, TimeProvider.System, events,
            new Background(NullLogger.Instance), NullLogger.Instance);
        string path = Path.Combine(_directory, "socket");
        _methods = new(_volume, _services, events, configuration);
        _socket = new ControlSocket(path, _methods, NullLogger.Instance);
    }

    /// <summary>The socket accepts as soon as it has started.</summary>
    public async ValueTask InitializeAsync()
    {
        await _socket.StartAsync(Cancellation);
        await _client.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_directory, "socket")), Cancellation);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _socket.StopAsync(CancellationToken.None);
        _socket.Dispose();
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

    [Fact]
    public async Task AnswersAreAwaitedWhenItStops()
    {
        _client.Send(VarlinkMessage.Call("org.unlockd.Status", new Nothing(), ProtocolJson.Default.Nothing, more: false)
            .Span);
        byte[] reply = new byte[4096];
        Assert.NotEqual(0, await ReceiveAsync(reply));
        await _socket.StopAsync(Cancellation);
        Assert.False(_socket.IsBroken);
        Assert.Equal(0, await ReceiveAsync(reply));
    }

    /// <summary>Root's every question has a look of its own; all other users together have one a second.</summary>
    [Fact]
    public async Task UsersCannotKeepTheDaemonBusyWithStatus()
    {
        Assert.InRange(await CountLooksAsync(static i => 1000 + i), 1, 99);
        Assert.Equal(100, await CountLooksAsync(static _ => 0));
    }

    private async Task<int> CountLooksAsync(Func<uint, uint> user)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        for (uint i = 0; i < 100; i++)
            seen.Add(await _methods.ReportForAsync(user(i)));
        return seen.Count;
    }

    private Task<int> ReceiveAsync(byte[] reply) =>
        _client.ReceiveAsync(reply, Cancellation).AsTask().WaitAsync(s_limit, Cancellation);
}
