using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ServiceNotifierTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-notify-").FullName;
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public void Dispose()
    {
        _systemd.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void SendsOneDatagramAMessage()
    {
        ServiceNotifier notifier = Connect();
        notifier.Ready("waits for the passphrase");
        notifier.Stopping("locks");
        notifier.ExtendTimeout(TimeSpan.FromSeconds(2));
        Assert.Equal("READY=1\nSTATUS=waits for the passphrase", Receive());
        Assert.Equal("STOPPING=1\nSTATUS=locks", Receive());
        Assert.Equal("EXTEND_TIMEOUT_USEC=2000000", Receive());
    }

    [Fact]
    public void DatesAReloadByTheMonotonicClock()
    {
        ServiceNotifier notifier = Connect();
        long before = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);
        notifier.Reloading();
        string[] lines = Receive().Split('\n');
        Assert.Equal("RELOADING=1", lines[0]);
        long sent = long.Parse(lines[1]["MONOTONIC_USEC=".Length..]);
        Assert.InRange(sent, before, Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000));
    }

    [Fact]
    public void TakesAnAbstractAddress()
    {
        string name = $"unlockd-notify-{Environment.ProcessId}";
        _systemd.Bind(new UnixDomainSocketEndPoint("\0" + name));
        new ServiceNotifier("@" + name).Status("x");
        Assert.Equal("STATUS=x", Receive());
    }

    [Fact]
    public void SaysNothingWhereNobodyListens()
    {
        new ServiceNotifier(null).Ready("x");
        new ServiceNotifier("").Ready("x");
        new ServiceNotifier(_directory + "/gone").Ready("x");
    }

    private ServiceNotifier Connect()
    {
        string path = _directory + "/notify";
        _systemd.Bind(new UnixDomainSocketEndPoint(path));
        return new ServiceNotifier(path);
    }

    private string Receive()
    {
        var buffer = new byte[1000];
        _systemd.ReceiveTimeout = 5_000;
        return Encoding.UTF8.GetString(buffer, 0, _systemd.Receive(buffer));
    }
}
