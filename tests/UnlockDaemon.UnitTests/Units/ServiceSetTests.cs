using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>Services are started.</summary>
public sealed class ServiceSetTests : ServiceSetTest
{
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
            Systemd.Calls);
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
        Systemd["a.service"].Start = meet;
        Systemd["b.service"].Start = meet;
        Assert.True(await Set(Service("a"), Service("b")).StartAsync(Limit).WaitAsync(Patience, Limit));
    }

    [Fact]
    public async Task AFailureHoldsBackItsDependentsAndNoOthers()
    {
        Systemd["mysql.service"].Start = FailWith("exit-code");
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
        Assert.Equal(["start mysql.service", "start web.service"], Systemd.Calls.Order());
    }

    [Fact]
    public async Task TriesAgainJustWhatIsMissing()
    {
        Systemd["mysql.service"].Start = FailWith("exit-code");
        ServiceSet set = Set(Service("mysql"), Service("core", "mysql"), Service("web"));
        Assert.False(await set.StartAsync(Limit));
        Systemd.Calls.Clear();
        Systemd["mysql.service"].Start = Systemd["other"].Start;
        Assert.True(await set.StartAsync(Limit));
        Assert.Equal(["reset mysql.service", "start mysql.service", "start core.service"], Systemd.Calls);
    }

    [Fact]
    public async Task ARefusedStartSaysWhatToLookAt()
    {
        Systemd["a.service"].Start = static (_, _) => Task.FromResult(JobResult.Assert);
        Systemd["b.service"].Start = static (_, _) =>
            throw new SystemdException("start", "unit b.service", "", "Unit b.service not found.");
        ServiceSet set = Set(Service("a"), Service("b"));
        Assert.False(await set.StartAsync(Limit));
        Assert.StartsWith("an assertion of the unit does not hold", set.Current[0].Detail, StringComparison.Ordinal);
        Assert.Equal("cannot start unit b.service: Unit b.service not found.", set.Current[1].Detail);
    }

    /// <summary>Several locks in a row that are refused stop and start a unit as often as systemd allows it to crash.</summary>
    [Fact]
    public async Task AUnitThatWasStartedTooOftenIsStartedAllTheSame()
    {
        StandInUnit unit = Systemd["mysql.service"];
        Func<StandInUnit, CancellationToken, Task<string>> works = unit.Start;
        unit.Start = (started, _) =>
        {
            started.Start = works;
            started.Fail("start-limit-hit");
            return Task.FromResult(JobResult.Failed);
        };
        Assert.True(await Set(Service("mysql")).StartAsync(Limit));
        Assert.Equal(["start mysql.service", "reset mysql.service", "start mysql.service"], Systemd.Calls);
    }

    [Fact]
    public async Task DependentsWaitForTheProbe()
    {
        ServiceSet set = Set(Service("core") with { Ready = Probe }, Service("radius", "core"));
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s is { Name: "core", State: ServiceState.Starting, Detail.Length: > 0 });
        Assert.Equal($"{Probe.Target}: Connection refused", set.Current[0].Detail);
        Assert.Equal("waits for core", set.Current[1].Detail);
        Assert.DoesNotContain("start radius.service", Systemd.Calls);
        Port.Listen();
        Assert.True(await start.WaitAsync(Patience, Limit));
    }

    [Fact]
    public async Task TheProbeLooksAlreadyWhileSystemdRunsWhatComesAfterTheStart()
    {
        Port.Listen();
        Systemd["mysql.service"].Start = async (unit, cancellationToken) =>
        {
            unit.Become("activating", "start-post");
            (await Port.AcceptAsync(cancellationToken)).Dispose();
            Port.Close();
            unit.Become("active", "running");
            return JobResult.Done;
        };
        ServiceSet set = Set(Service("mysql") with { Ready = Probe });
        Assert.True(await set.StartAsync(Limit).WaitAsync(Patience, Limit));
    }

    [Fact]
    public async Task AnEarlyLookDoesNotHideAStartThatFails()
    {
        Port.Listen();
        Systemd["mysql.service"].Start = async (unit, cancellationToken) =>
        {
            unit.Become("activating", "start-post");
            (await Port.AcceptAsync(cancellationToken)).Dispose();
            unit.Fail("exit-code");
            return JobResult.Failed;
        };
        ServiceSet set = Set(Service("mysql") with { Ready = Probe });
        Assert.False(await set.StartAsync(Limit).WaitAsync(Patience, Limit));
    }

    [Fact]
    public async Task AUnitThatDiesFailsAtOnceAndNotAtTheTimeout()
    {
        ServiceSet set = Set(Service("core") with { Ready = Probe });
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s is { State: ServiceState.Starting, Detail.Length: > 0 });
        Systemd["core.service"].Become("deactivating", "stop-sigterm");
        Systemd["core.service"].Fail("core-dump");
        Assert.False(await start.WaitAsync(Patience, Limit));
        Assert.Equal("its process crashed", Assert.Single(set.Current).Detail);
    }

    [Fact]
    public async Task AServiceThatIsNotReadyInTimeSaysWhatItLacks()
    {
        ServiceSet set = Set(Service("core") with { Ready = Probe, Timeout = TimeSpan.FromSeconds(0.5) });
        Assert.False(await set.StartAsync(Limit).WaitAsync(Patience, Limit));
        Assert.Equal(
            $"not ready within 0.5 s: {Probe.Target}: Connection refused", Assert.Single(set.Current).Detail);
    }

    [Fact]
    public async Task AStartThatHangsEndsWithTheTime()
    {
        Systemd["core.service"].Start = static async (unit, cancellationToken) =>
        {
            unit.Become("activating", "start");
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return "";
        };
        ServiceSet set = Set(Service("core") with { Timeout = TimeSpan.FromSeconds(0.2) });
        Assert.False(await set.StartAsync(Limit).WaitAsync(Patience, Limit));
        Assert.Equal("not ready within 0.2 s: the unit is activating (start)", Assert.Single(set.Current).Detail);
    }

    [Fact]
    public async Task AServiceThatSystemdRestartsWhileItStartsIsWaitedFor()
    {
        Systemd["core.service"].Start = static (unit, _) =>
        {
            unit.Become("activating", "auto-restart", static state => state with { Result = "exit-code" });
            return Task.FromResult(JobResult.Failed);
        };
        ServiceSet set = Set(Service("core"));
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s.Detail.EndsWith("systemd starts it again", StringComparison.Ordinal));
        Systemd["core.service"].Become("active", "running");
        Assert.True(await start.WaitAsync(Patience, Limit));
    }

    [Fact]
    public async Task AFailureThatSystemdIsAboutToMendIsNone()
    {
        Systemd["core.service"].Start = static (unit, _) =>
        {
            UnitState truth = unit.State with { ActiveState = "activating", SubState = "auto-restart" };
            unit.BecomeSilently(truth);
            unit.Tell(truth with { ActiveState = "failed", SubState = "failed", Result = "exit-code" });
            return Task.FromResult(JobResult.Failed);
        };
        ServiceSet set = Set(Service("core"));
        Task<bool> start = set.StartAsync(Limit);
        Systemd["core.service"].Become("active", "running");
        Assert.True(await start.WaitAsync(Patience, Limit));
        Assert.DoesNotContain(Changes, static status => status.State == ServiceState.Failed);
    }

    [Fact]
    public async Task AWrappedScriptWithoutProcessesIsStartedAnew()
    {
        StandInUnit unit = Systemd["core.service"];
        unit.Become("active", "exited", static state => state with { Type = "forking" });
        unit.Start = (started, _) =>
        {
            Port.Listen();
            started.Become("active", "running");
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("core") with { Ready = Probe });
        Assert.True(await set.StartAsync(Limit).WaitAsync(Patience, Limit));
        Assert.Equal(["stop core.service", "start core.service"], Systemd.Calls);
    }

    [Fact]
    public async Task AWrappedScriptWhoseDaemonDiesFailsAtOnce()
    {
        Systemd["core.service"].Start = static (unit, _) =>
        {
            unit.Become("active", "running", static state => state with { Type = "forking" });
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("core") with { Ready = Probe });
        Task<bool> start = set.StartAsync(Limit);
        await WaitForAsync(static s => s is { State: ServiceState.Starting, Detail.Length: > 0 });
        Systemd["core.service"].Become("active", "exited");
        Assert.False(await start.WaitAsync(Patience, Limit));
        Assert.StartsWith("its processes have ended (", Assert.Single(set.Current).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrappedScriptWithoutAProbeThatLosesItsDaemonIsStartedAnew()
    {
        Systemd["radius.service"].Start = static (unit, _) =>
        {
            unit.Become("active", "running", static state => state with { Type = "forking" });
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("radius"));
        Assert.True(await set.StartAsync(Limit));
        Systemd["radius.service"].Become("active", "exited");
        await WaitForAsync(static s => s is { State: ServiceState.Failed, Detail: "its processes have ended" });
        Systemd.Calls.Clear();
        Assert.True(await set.StartAsync(Limit));
        Assert.Equal(["stop radius.service", "start radius.service"], Systemd.Calls);
    }

    [Fact]
    public async Task AWrappedScriptWithoutADaemonIsReadyBySystemdsWord()
    {
        Systemd["rules.service"].Start = static (unit, _) =>
        {
            unit.Become("active", "exited", static state => state with { Type = "forking" });
            return Task.FromResult(JobResult.Done);
        };
        Assert.True(await Set(Service("rules")).StartAsync(Limit));
        Assert.True(await Set(Service("rules")).ObserveAsync(Limit));
    }

    [Fact]
    public async Task AUnitThatRunsOnceAndEndsWellIsReadyUntilItIsStopped()
    {
        StandInUnit unit = Systemd["rights.service"];
        unit.Start = RunOnceAsync;
        ServiceSet set = Set(Service("rights"), Service("core", "rights"));
        Assert.True(await set.StartAsync(Limit).WaitAsync(Patience, Limit));
        Assert.Equal(ServiceState.Ready, set.Current[0].State);
        Assert.True(await set.StartAsync(Limit));
        Assert.Single(Systemd.Calls, "start rights.service");
        Assert.Empty(await set.StopAsync(Limit));
        Assert.Equal(ServiceState.Stopped, set.Current[0].State);
        // Once more, by somebody else.
        await RunOnceAsync(unit, Limit);
        await WaitForAsync(static s => s is { Name: "rights", State: ServiceState.Ready });
    }

    [Fact]
    public async Task AUnitThatHasRunOnceIsFoundReady()
    {
        await RunOnceAsync(Systemd["rights.service"], Limit);
        Assert.True(await Set(Service("rights")).ObserveAsync(Limit));
    }

    [Theory]
    [InlineData("exit-code", true)]
    [InlineData("success", false)]
    public async Task AUnitThatRunsOnceAndEndsBadlyOrNotAtAllIsNotReady(string result, bool condition)
    {
        Systemd["rights.service"].Start = (unit, _) =>
        {
            unit.Become("activating", "start");
            unit.Become("inactive", "dead",
                state => state with { Type = "oneshot", Result = result, ConditionResult = condition });
            return Task.FromResult(JobResult.Done);
        };
        Assert.False(await Set(Service("rights")).StartAsync(Limit).WaitAsync(Patience, Limit));
    }

    private static Task<string> RunOnceAsync(StandInUnit unit, CancellationToken cancellationToken)
    {
        unit.Become("activating", "start", static state => state with { Type = "oneshot" });
        unit.Become("inactive", "dead");
        return Task.FromResult(JobResult.Done);
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
}
