using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Configuration;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ServiceSetTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly StandInSystemd _systemd = new();
    private readonly ConcurrentQueue<ServiceStatus> _changes = new();
    private readonly string _groups = Directory.CreateTempSubdirectory("unlockd-cgroup-").FullName;

    // Bound, so that no other has it, and refusing connections until a test lets it listen.
    private readonly Socket _port = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ProbeSpecification _probe;
    private ServiceSet? _set;

    public ServiceSetTests()
    {
        _port.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _probe = new ProbeSpecification(ProbeKind.Tcp, $"127.0.0.1:{((IPEndPoint)_port.LocalEndPoint!).Port}");
    }

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _set?.Dispose();
        _port.Dispose();
        Directory.Delete(_groups, recursive: true);
    }

    [Fact]
    public async Task StartsInOrderAndStopsBackwards()
    {
        ServiceSet set = Set(Service("radius", "core"), Service("core", "mysql"), Service("mysql"));
        Assert.True(await set.StartAsync(Limit));
        Assert.Empty(await set.StopAsync(Limit));
        Assert.Equal(
            [
                "start mysql.service", "start core.service", "start radius.service",
                "stop radius.service", "stop core.service", "stop mysql.service",
            ],
            _systemd.Calls);
        Assert.All(set.Current, static status => Assert.Equal(ServiceState.Stopped, status.State));
    }

    [Fact]
    public async Task StartsIndependentServicesSideBySide()
    {
        var both = new TaskCompletionSource();
        int started = 0;
        Func<StandInUnit, CancellationToken, Task<string>> meet = async (unit, _) =>
        {
            if (Interlocked.Increment(ref started) == 2)
                both.SetResult();
            await both.Task;
            unit.Become("active", "running");
            return JobResult.Done;
        };
        _systemd["a.service"].Start = meet;
        _systemd["b.service"].Start = meet;
        Assert.True(await Set(Service("a"), Service("b")).StartAsync(Limit).WaitAsync(s_patience, Limit));
    }

    [Fact]
    public async Task AFailureHoldsBackItsDependentsAndNoOthers()
    {
        _systemd["mysql.service"].Start = FailWith("exit-code");
        ServiceSet set = Set(Service("mysql"), Service("core", "mysql"), Service("radius", "core"), Service("web"));
        Assert.False(await set.StartAsync(Limit));
        Assert.Equal(
            [
                ("mysql", ServiceState.Failed, "its start command exited with an error"),
                ("core", ServiceState.Failed, "waits for mysql, which failed"),
                ("radius", ServiceState.Failed, "waits for core, which failed"),
                ("web", ServiceState.Ready, ""),
            ],
            set.Current.Select(static s => (s.Name, s.State, s.Detail)));
        Assert.Equal(["a line of mysql.service"], set.Current[0].LogLines);
        Assert.Equal(["start mysql.service", "start web.service"], _systemd.Calls.Order());
    }

    [Fact]
    public async Task TriesAgainJustWhatIsMissing()
    {
        _systemd["mysql.service"].Start = FailWith("exit-code");
        ServiceSet set = Set(Service("mysql"), Service("core", "mysql"), Service("web"));
        Assert.False(await set.StartAsync(Limit));
        _systemd.Calls.Clear();
        _systemd["mysql.service"].Start = _systemd["other"].Start;
        Assert.True(await set.StartAsync(Limit));
        Assert.Equal(["reset mysql.service", "start mysql.service", "start core.service"], _systemd.Calls);
    }

    [Fact]
    public async Task ARefusedStartSaysWhatToLookAt()
    {
        _systemd["a.service"].Start = static (_, _) => Task.FromResult(JobResult.Assert);
        _systemd["b.service"].Start = static (_, _) =>
            throw new SystemdException("start", "unit b.service", "", "Unit b.service not found.");
        ServiceSet set = Set(Service("a"), Service("b"));
        Assert.False(await set.StartAsync(Limit));
        Assert.StartsWith("an assertion of the unit does not hold", set.Current[0].Detail, StringComparison.Ordinal);
        Assert.Equal("cannot start unit b.service: Unit b.service not found.", set.Current[1].Detail);
    }

    [Fact]
    public async Task DependentsWaitForTheProbe()
    {
        ServiceSet set = Set(Service("core") with { Ready = _probe }, Service("radius", "core"));
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s is { Name: "core", State: ServiceState.Starting, Detail.Length: > 0 });
        Assert.Equal($"{_probe.Target}: Connection refused", set.Current[0].Detail);
        Assert.Equal("waits for core", set.Current[1].Detail);
        Assert.DoesNotContain("start radius.service", _systemd.Calls);
        _port.Listen();
        Assert.True(await start.WaitAsync(s_patience, Limit));
    }

    [Fact]
    public async Task TheProbeLooksAlreadyWhileSystemdRunsWhatComesAfterTheStart()
    {
        _port.Listen();
        _systemd["mysql.service"].Start = async (unit, cancellationToken) =>
        {
            unit.Become("activating", "start-post");
            (await _port.AcceptAsync(cancellationToken)).Dispose();
            _port.Close();
            unit.Become("active", "running");
            return JobResult.Done;
        };
        ServiceSet set = Set(Service("mysql") with { Ready = _probe });
        Assert.True(await set.StartAsync(Limit).WaitAsync(s_patience, Limit));
    }

    [Fact]
    public async Task AnEarlyLookDoesNotHideAStartThatFails()
    {
        _port.Listen();
        _systemd["mysql.service"].Start = async (unit, cancellationToken) =>
        {
            unit.Become("activating", "start-post");
            (await _port.AcceptAsync(cancellationToken)).Dispose();
            unit.Fail("exit-code");
            return JobResult.Failed;
        };
        ServiceSet set = Set(Service("mysql") with { Ready = _probe });
        Assert.False(await set.StartAsync(Limit).WaitAsync(s_patience, Limit));
    }

    [Fact]
    public async Task AUnitThatDiesFailsAtOnceAndNotAtTheTimeout()
    {
        ServiceSet set = Set(Service("core") with { Ready = _probe });
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s is { State: ServiceState.Starting, Detail.Length: > 0 });
        _systemd["core.service"].Become("deactivating", "stop-sigterm");
        _systemd["core.service"].Fail("core-dump");
        Assert.False(await start.WaitAsync(s_patience, Limit));
        Assert.Equal("its process crashed", Assert.Single(set.Current).Detail);
    }

    [Fact]
    public async Task AServiceThatIsNotReadyInTimeSaysWhatItLacks()
    {
        ServiceSet set = Set(Service("core") with { Ready = _probe, Timeout = TimeSpan.FromSeconds(0.5) });
        Assert.False(await set.StartAsync(Limit).WaitAsync(s_patience, Limit));
        Assert.Equal(
            $"not ready within 0.5 s: {_probe.Target}: Connection refused", Assert.Single(set.Current).Detail);
    }

    [Fact]
    public async Task AStartThatHangsEndsWithTheTime()
    {
        _systemd["core.service"].Start = static async (unit, cancellationToken) =>
        {
            unit.Become("activating", "start");
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return "";
        };
        ServiceSet set = Set(Service("core") with { Timeout = TimeSpan.FromSeconds(0.2) });
        Assert.False(await set.StartAsync(Limit).WaitAsync(s_patience, Limit));
        Assert.Equal("not ready within 0.2 s: the unit is activating (start)", Assert.Single(set.Current).Detail);
    }

    [Fact]
    public async Task AServiceThatSystemdRestartsWhileItStartsIsWaitedFor()
    {
        _systemd["core.service"].Start = static (unit, _) =>
        {
            unit.Become("activating", "auto-restart", static state => state with { Result = "exit-code" });
            return Task.FromResult(JobResult.Failed);
        };
        ServiceSet set = Set(Service("core"));
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s.Detail.EndsWith("systemd starts it again", StringComparison.Ordinal));
        _systemd["core.service"].Become("active", "running");
        Assert.True(await start.WaitAsync(s_patience, Limit));
    }

    [Fact]
    public async Task AFailureThatSystemdIsAboutToMendIsNone()
    {
        _systemd["core.service"].Start = static (unit, _) =>
        {
            UnitState truth = unit.State with { ActiveState = "activating", SubState = "auto-restart" };
            unit.BecomeSilently(truth);
            unit.Tell(truth with { ActiveState = "failed", SubState = "failed", Result = "exit-code" });
            return Task.FromResult(JobResult.Failed);
        };
        ServiceSet set = Set(Service("core"));
        Task<bool> start = set.StartAsync(Limit);
        _systemd["core.service"].Become("active", "running");
        Assert.True(await start.WaitAsync(s_patience, Limit));
        Assert.DoesNotContain(_changes, static status => status.State == ServiceState.Failed);
    }

    [Fact]
    public async Task AWrappedScriptWithoutProcessesIsStartedAnew()
    {
        StandInUnit unit = _systemd["core.service"];
        unit.Become("active", "exited", static state => state with { Type = "forking" });
        unit.Start = (started, _) =>
        {
            _port.Listen();
            started.Become("active", "running");
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("core") with { Ready = _probe });
        Assert.True(await set.StartAsync(Limit).WaitAsync(s_patience, Limit));
        Assert.Equal(["stop core.service", "start core.service"], _systemd.Calls);
    }

    [Fact]
    public async Task AWrappedScriptWhoseDaemonDiesFailsAtOnce()
    {
        _systemd["core.service"].Start = static (unit, _) =>
        {
            unit.Become("active", "running", static state => state with { Type = "forking" });
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("core") with { Ready = _probe });
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s is { State: ServiceState.Starting, Detail.Length: > 0 });
        _systemd["core.service"].Become("active", "exited");
        Assert.False(await start.WaitAsync(s_patience, Limit));
        Assert.StartsWith("its processes have ended (", Assert.Single(set.Current).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrappedScriptWithoutAProbeThatLosesItsDaemonIsStartedAnew()
    {
        _systemd["radius.service"].Start = static (unit, _) =>
        {
            unit.Become("active", "running", static state => state with { Type = "forking" });
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("radius"));
        Assert.True(await set.StartAsync(Limit));
        _systemd["radius.service"].Become("active", "exited");
        await WaitForAsync(static s => s is { State: ServiceState.Failed, Detail: "its processes have ended" });
        _systemd.Calls.Clear();
        Assert.True(await set.StartAsync(Limit));
        Assert.Equal(["stop radius.service", "start radius.service"], _systemd.Calls);
    }

    [Fact]
    public async Task AWrappedScriptWithoutADaemonIsReadyBySystemdsWord()
    {
        _systemd["rules.service"].Start = static (unit, _) =>
        {
            unit.Become("active", "exited", static state => state with { Type = "forking" });
            return Task.FromResult(JobResult.Done);
        };
        Assert.True(await Set(Service("rules")).StartAsync(Limit));
        Assert.True(await Set(Service("rules")).ObserveAsync(Limit));
    }

    [Fact]
    public async Task ObservesWithoutTouching()
    {
        _port.Listen();
        _systemd["up.service"].Become("active", "running");
        _systemd["failed.service"].Fail("signal");
        _systemd["probed.service"].Become("active", "running");
        ServiceSet set = Set(
            Service("down"), Service("up"), Service("failed"),
            Service("probed") with { Ready = _probe });
        Assert.False(await set.ObserveAsync(Limit));
        Assert.Equal(
            [ServiceState.Stopped, ServiceState.Ready, ServiceState.Failed, ServiceState.Ready],
            set.Current.Select(static s => s.State));
        Assert.Equal(["a line of failed.service"], set.Current[2].LogLines);
        Assert.Empty(_systemd.Calls);
    }

    [Fact]
    public async Task AServiceFoundUpAndNotReadyForLongIsFailed()
    {
        _systemd["core.service"].Become("active", "running");
        ServiceSet set = Set(Service("core") with { Ready = _probe, Timeout = TimeSpan.FromMilliseconds(1) });
        Assert.False(await set.ObserveAsync(Limit));
        await WaitForAsync(static s => s.State == ServiceState.Failed);
    }

    [Fact]
    public async Task AFailureLaterOnIsSeenAndSoIsTheRestart()
    {
        ServiceSet set = Set(Service("mysql"), Service("web"));
        var readiness = new ConcurrentQueue<bool>();
        set.ReadinessChanged += readiness.Enqueue;
        Assert.True(await set.StartAsync(Limit));
        _systemd["mysql.service"].Fail("signal");
        await WaitForAsync(static s => s is { Name: "mysql", State: ServiceState.Failed });
        Assert.Equal(["a line of mysql.service"], set.Current[0].LogLines);
        _systemd["mysql.service"].Become("activating", "auto-restart");
        _systemd["mysql.service"].Become("inactive", "dead", static state => state with { HasJob = true });
        await WaitForAsync(static s => s is { State: ServiceState.Starting, Detail: "systemd is about to start it" });
        _changes.Clear();
        _systemd["mysql.service"].Become("activating", "start", static state => state with { HasJob = false });
        _systemd["mysql.service"].Become("active", "running");
        await WaitForAsync(static s => s is { Name: "mysql", State: ServiceState.Ready });
        Assert.Equal([true, false, true], readiness);
    }

    [Fact]
    public async Task AStopByAnotherHandIsSaidToBeThat()
    {
        ServiceSet set = Set(Service("mysql"));
        Assert.True(await set.StartAsync(Limit));
        _systemd["mysql.service"].Become("inactive", "dead");
        await WaitForAsync(static s => s is { State: ServiceState.Stopped, Detail: "stopped, but not by unlockd" });
    }

    [Fact]
    public async Task AFailureThatWasTakenDownIsNotNewsAgain()
    {
        _systemd["a.service"].Start = FailWith("exit-code");
        _systemd["a.service"].Stop = static (unit, _) =>
        {
            unit.Become("failed", "failed", static state => state with { HasJob = true });
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("a"), Service("b"));
        Assert.False(await set.StartAsync(Limit));
        Assert.Empty(await set.StopAsync(Limit));
        _systemd["a.service"].Become("failed", "failed", static state => state with { HasJob = false });
        _systemd["b.service"].Become("active", "running");
        await WaitForAsync(static s => s is { Name: "b", State: ServiceState.Ready });
        Assert.Equal(ServiceState.Stopped, set.Current[0].State);
    }

    [Fact]
    public async Task EstimatesTheSlowestChainOfStopsOfWhatIsUp()
    {
        StopHistory history = new(_groups + "/stops");
        history.Add("mysql", TimeSpan.FromSeconds(10));
        history.Add("core", TimeSpan.FromSeconds(5));
        history.Add("web", TimeSpan.FromSeconds(12));
        ServiceSet set = Set(Service("mysql"), Service("core", "mysql"), Service("web"));
        Assert.Equal(TimeSpan.Zero, set.EstimateStop(history));
        Assert.True(await set.StartAsync(Limit));
        Assert.Equal(TimeSpan.FromSeconds(15), set.EstimateStop(history));
    }

    [Fact]
    public async Task TellsHowLongAStopTook()
    {
        ServiceSet set = Set(Service("mysql"));
        var told = new List<string>();
        set.StopTook += (name, _) => told.Add(name);
        Assert.Empty(await set.StopAsync(Limit));
        Assert.True(await set.StartAsync(Limit));
        Assert.Empty(await set.StopAsync(Limit));
        Assert.Equal(["mysql"], told);
    }

    [Fact]
    public async Task AServiceThatDoesNotStopIsNamedAndKeepsWhatItNeeds()
    {
        ServiceSet set = Set(Service("mysql"), Service("core", "mysql"), Service("web"));
        Assert.True(await set.StartAsync(Limit));
        _systemd["core.service"].Stop = static (_, _) => Task.FromResult("timeout");
        RunningService left = Assert.Single(await set.StopAsync(Limit));
        Assert.Equal("core (core.service) did not stop (systemd ended the job with \"timeout\")", left.ToString());
        Assert.DoesNotContain("stop mysql.service", _systemd.Calls);
        Assert.Contains("stop web.service", _systemd.Calls);
    }

    [Fact]
    public async Task AServiceThatLeavesProcessesIsNamedWithThem()
    {
        Directory.CreateDirectory(_groups + "/core");
        await File.WriteAllTextAsync(_groups + "/core/cgroup.events", "populated 1\nfrozen 0\n", Limit);
        await File.WriteAllTextAsync(_groups + "/core/cgroup.procs", "412\n413\n", Limit);
        ServiceSet set = Set(Service("core"));
        Assert.True(await set.StartAsync(Limit));
        _systemd["core.service"].Become("active", "running", static state => state with { ControlGroup = "/core" });
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        RunningService left = Assert.Single(await set.StopAsync(deadline.Token).WaitAsync(s_patience, Limit));
        Assert.Equal("core (core.service) did not stop before the deadline: pid 412, 413", left.ToString());
        Assert.Equal("failed: did not stop before the deadline: pid 412, 413", set.Current[0].ToString());
        Assert.Equal(
            ["core (core.service) is stopped, but left processes: pid 412, 413"], await set.FindRunningAsync(Limit));
    }

    [Fact]
    public async Task AStopThatHangsEndsWithTheDeadlineAndIsNamed()
    {
        ServiceSet set = Set(Service("mysql"));
        Assert.True(await set.StartAsync(Limit));
        _systemd["mysql.service"].Stop = static async (unit, cancellationToken) =>
        {
            unit.Become("deactivating", "stop-sigterm");
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return "";
        };
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        RunningService left = Assert.Single(await set.StopAsync(deadline.Token).WaitAsync(s_patience, Limit));
        Assert.Equal("mysql (mysql.service) did not stop before the deadline", left.ToString());
        Assert.Equal(["mysql (mysql.service) is deactivating"], await set.FindRunningAsync(Limit));
    }

    [Fact]
    public async Task AStopMayTakeLongerThanTheStartMay()
    {
        ServiceSet set = Set(Service("mysql") with { Timeout = TimeSpan.FromMilliseconds(10) });
        _systemd["mysql.service"].Become("active", "running");
        _systemd["mysql.service"].Stop = static async (unit, cancellationToken) =>
        {
            await Task.Delay(100, cancellationToken);
            unit.Become("inactive", "dead");
            return "done";
        };
        Assert.Empty(await set.StopAsync(Limit).WaitAsync(s_patience, Limit));
    }

    [Fact]
    public async Task AServiceThatStartsIsStoppedOnceItHasStarted()
    {
        _systemd["mysql.service"].Start = NeverStartAsync;
        ServiceSet set = Set(Service("mysql"));
        using var cancelled = new CancellationTokenSource();
        Task<bool> start = set.StartAsync(cancelled.Token);
        while (_systemd["mysql.service"].State.ActiveState != "activating")
            await Task.Delay(1, Limit);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Task<IReadOnlyList<RunningService>> stop = set.StopAsync(Limit);
        await WaitForAsync(static s => s is { State: ServiceState.Stopping, Detail: "waits for its start to end" });
        Assert.DoesNotContain("stop mysql.service", _systemd.Calls);
        _systemd["mysql.service"].Become("active", "running");
        Assert.Empty(await stop.WaitAsync(s_patience, Limit));
        Assert.Contains("stop mysql.service", _systemd.Calls);
    }

    [Fact]
    public async Task ACancelledStartSaysHowThingsAre()
    {
        _systemd["mysql.service"].Start = NeverStartAsync;
        ServiceSet set = Set(Service("mysql"), Service("core", "mysql"));
        using var cancelled = new CancellationTokenSource();
        Task<bool> start = set.StartAsync(cancelled.Token);
        while (_systemd["mysql.service"].State.ActiveState != "activating")
            await Task.Delay(1, Limit);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        _systemd["mysql.service"].Become("active", "running");
        await WaitForAsync(static s => s is { Name: "mysql", State: ServiceState.Ready });
        Assert.True(await set.StartAsync(Limit));
    }

    [Fact]
    public void RefusesServicesInALoop() =>
        Assert.Throws<ArgumentException>(() => Set(Service("a", "b"), Service("b", "a")));

    [Fact]
    public async Task NoServicesAreReadyAtOnce()
    {
        Assert.True(await Set().StartAsync(Limit));
        Assert.Empty(await Set().StopAsync(Limit));
    }

    private static ServiceConfiguration Service(string name, params string[] dependsOn) =>
        ServicePlanTests.Service(name, dependsOn);

    private static Func<StandInUnit, CancellationToken, Task<string>> FailWith(string result) => (unit, _) =>
    {
        unit.Become("activating", "start");
        unit.Fail(result);
        return Task.FromResult(JobResult.Failed);
    };

    private ServiceSet Set(params ServiceConfiguration[] services)
    {
        var surroundings = new ServiceSurroundings(
            _systemd,
            static (unit, _) => Task.FromResult<IReadOnlyList<string>>([$"a line of {unit.Id}"]),
            _groups);
        _set?.Dispose();
        _set = new ServiceSet(services, surroundings, NullLogger.Instance);
        _set.Changed += _changes.Enqueue;
        return _set;
    }

    private static async Task<string> NeverStartAsync(StandInUnit unit, CancellationToken cancellationToken)
    {
        unit.Become("activating", "start");
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return "";
    }

    /// <summary>Waits until a service's status was, or is, one that is wanted.</summary>
    private async Task WaitForAsync(Func<ServiceStatus, bool> wanted)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _set!.Changed += status => _ = wanted(status) && seen.TrySetResult();
        if (_changes.Any(wanted) || _set.Current.Any(wanted))
            seen.TrySetResult();
        await seen.Task.WaitAsync(s_patience, Limit);
    }
}
