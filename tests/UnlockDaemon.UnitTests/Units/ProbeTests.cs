using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Storage.Configuration;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ProbeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-probe-").FullName;

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task TcpIsReadyOnceThePortListens()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        string address = $"127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}";
        Assert.True((await LookAsync(ProbeKind.Tcp, address)).IsReady);
        server.Stop();
        Assert.Equal(ProbeResult.NotReady($"{address}: Connection refused"), await LookAsync(ProbeKind.Tcp, address));
    }

    [Fact]
    public async Task TcpTakesNamesAndIpv6()
    {
        using var server = new TcpListener(IPAddress.IPv6Any, 0);
        server.Server.DualMode = true;
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        Assert.True((await LookAsync(ProbeKind.Tcp, $"localhost:{port}")).IsReady);
        Assert.True((await LookAsync(ProbeKind.Tcp, $"[::1]:{port}")).IsReady);
    }

    [Fact]
    public async Task UnixIsReadyOnceTheSocketListens()
    {
        string path = _directory + "/socket";
        Assert.Equal(
            ProbeResult.NotReady($"{path} does not exist"), await LookAsync(ProbeKind.Unix, path));
        using Socket server = Listen(path);
        Assert.True((await LookAsync(ProbeKind.Unix, path)).IsReady);
    }

    [Fact]
    public async Task UnixIsNotReadyWhileABoundSocketDoesNotListen()
    {
        string path = _directory + "/socket";
        using var bound = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(new UnixDomainSocketEndPoint(path));
        Assert.Equal(ProbeResult.NotReady($"{path}: Connection refused"), await LookAsync(ProbeKind.Unix, path));
    }

    [Fact]
    public async Task MysqlReadsTheGreetingInPieces()
    {
        string path = _directory + "/mysql";
        using Socket server = Listen(path);
        Task<ProbeResult> look = LookAsync(ProbeKind.Mysql, path);
        using Socket connection = await server.AcceptAsync(Limit);
        foreach (byte piece in Encoding.Latin1.GetBytes("\x08\0\0\0\x0a" + "8.0.36\0"))
            await connection.SendAsync(new[] { piece }, Limit);
        Assert.Equal(ProbeResult.Ready("8.0.36"), await look);
    }

    [Fact]
    public async Task MysqlIsNotFooledByAPortThatOnlyAccepts()
    {
        string path = _directory + "/mysql";
        using Socket server = Listen(path);
        Task<ProbeResult> look = LookAsync(ProbeKind.Mysql, path);
        (await server.AcceptAsync(Limit)).Dispose();
        Assert.Equal(ProbeResult.NotReady($"{path}: accepted and closed without a greeting"), await look);
    }

    [Fact]
    public async Task MysqlIsNotFooledByAnotherProtocol()
    {
        string path = _directory + "/ssh";
        using Socket server = Listen(path);
        Task<ProbeResult> look = LookAsync(ProbeKind.Mysql, path);
        using Socket connection = await server.AcceptAsync(Limit);
        await connection.SendAsync("SSH-2.0-OpenSSH_9.2p1\r\n"u8.ToArray(), Limit);
        Assert.Equal(ProbeResult.NotReady($"{path}: does not speak MySQL's protocol"), await look);
    }

    [Fact]
    public async Task MysqlStopsWaitingForAGreetingThatDoesNotCome()
    {
        string path = _directory + "/mysql";
        using Socket server = Listen(path);
        using var ended = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        ReadinessProbe probe = ReadinessProbe.Create(new ProbeSpecification(ProbeKind.Mysql, path));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe.TryAsync(ended.Token));
    }

    [Fact]
    public async Task ExecIsReadyWhenTheCommandExitsWithZero() =>
        Assert.Equal(ProbeResult.Ready(), await LookAsync(ProbeKind.Exec, "/bin/true"));

    [Fact]
    public async Task ExecGivesTheLastLineOfItsErrors() =>
        Assert.Equal(
            ProbeResult.NotReady("last words"),
            await LookAsync(ProbeKind.Exec, "/bin/sh -c 'echo out; echo first >&2; echo last words >&2; exit 3'"));

    [Fact]
    public async Task ExecGivesTheLastLineOfItsOutputWithoutErrors() =>
        Assert.Equal(
            ProbeResult.NotReady("mysqld is dead"),
            await LookAsync(ProbeKind.Exec, "/bin/sh -c 'echo mysqld is dead; exit 1'"));

    [Theory]
    [InlineData(@"printf 'a\033[31m\rb'", "a [31m b")]
    [InlineData(@"head -c 3000 /dev/zero | tr '\0' x", null)]
    public async Task ExecGivesOneLineThatATerminalTakesAsText(string script, string? said)
    {
        await File.WriteAllTextAsync(_directory + "/probe", script + "; exit 1", Limit);
        Assert.Equal(
            ProbeResult.NotReady(said ?? new string('x', 1000)),
            await LookAsync(ProbeKind.Exec, $"/bin/sh {_directory}/probe"));
    }

    [Fact]
    public async Task ExecGivesTheExitStatusWithoutOutput() =>
        Assert.Equal(
            ProbeResult.NotReady("/bin/sh exits with 7"), await LookAsync(ProbeKind.Exec, "/bin/sh -c 'exit 7'"));

    [Fact]
    public async Task ExecSaysThatThereIsNoSuchCommand() =>
        Assert.Equal(
            ProbeResult.NotReady("cannot run /no/such/command: No such file or directory"),
            await LookAsync(ProbeKind.Exec, "/no/such/command"));

    [Fact]
    public async Task ExecRunsWithoutAShell() =>
        Assert.True((await LookAsync(ProbeKind.Exec, "/usr/bin/test $HOME = \\x24HOME")).IsReady);

    [Fact]
    public async Task ExecGivesTheCommandNoInput() =>
        Assert.True((await LookAsync(ProbeKind.Exec, "/bin/sh -c '! read line'")).IsReady);

    [Fact]
    public async Task ExecReadsEndlessOutputWithoutKeepingIt() =>
        Assert.True((await LookAsync(ProbeKind.Exec, "/usr/bin/head -c 20000000 /dev/zero")).IsReady);

    [Fact]
    public async Task ExecDoesNotWaitForWhatTheCommandLeftRunning()
    {
        long start = Stopwatch.GetTimestamp();
        ProbeResult result = await LookAsync(ProbeKind.Exec, "/bin/sh -c 'echo no; sleep 5 & exit 1'");
        Assert.False(result.IsReady);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 4);
    }

    [Fact]
    public async Task ExecKillsTheCommandAndItsChildrenWhenTheTimeIsOver()
    {
        string pids = _directory + "/pids";
        string script = $"/bin/sh -c 'sleep 1000 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait'";
        ReadinessProbe probe = ReadinessProbe.Create(new ProbeSpecification(ProbeKind.Exec, script));
        using var ended = new CancellationTokenSource();
        Task<ProbeResult> look = probe.TryAsync(ended.Token);
        while (!File.Exists(pids))
            await Task.Delay(5, Limit);
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => look);
        foreach (string pid in (await File.ReadAllTextAsync(pids, Limit)).Split())
            await WaitUntilGoneAsync(pid);
    }

    private static async Task WaitUntilGoneAsync(string pid)
    {
        string path = $"/proc/{pid}/stat";
        for (int i = 0; i < 500 && pid.Length > 0 && File.Exists(path); i++)
        {
            // Whoever adopted it may not have reaped it yet.
            if ((await File.ReadAllTextAsync(path, Limit)).Contains(") Z ", StringComparison.Ordinal))
                return;
            await Task.Delay(10, Limit);
        }

        Assert.False(pid.Length > 0 && File.Exists(path), $"process {pid} still runs");
    }

    private static Task<ProbeResult> LookAsync(ProbeKind kind, string target) =>
        ReadinessProbe.Create(new ProbeSpecification(kind, target)).TryAsync(Limit);

    private static Socket Listen(string path)
    {
        var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen();
        return server;
    }
}
