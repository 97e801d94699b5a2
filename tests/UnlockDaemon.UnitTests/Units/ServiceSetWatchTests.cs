using System.Collections.Concurrent;
using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>Services that were found, or are ready, are watched.</summary>
public sealed class ServiceSetWatchTests : ServiceSetTest
{
    [Fact]
    public async Task ObservesWithoutTouching()
    {
        Port.Listen();
        Systemd["up.service"].Become("active", "running");
        Systemd["failed.service"].Fail("signal");
        Systemd["probed.service"].Become("active", "running");
        ServiceSet set = Set(
            Service("down"), Service("up"), Service("failed"),
            Service("probed") with { Ready = Probe });
        Assert.False(await set.ObserveAsync(Limit));
        Assert.Equal(
            [ServiceState.Stopped, ServiceState.Ready, ServiceState.Failed, ServiceState.Ready],
            set.Current.Select(static s => s.State));
        Assert.Equal(["a line of failed.service"], set.Current[2].LogLines);
        Assert.Empty(Systemd.Calls);
    }

    [Fact]
    public async Task AServiceFoundUpAndNotReadyForLongIsFailed()
    {
        Systemd["core.service"].Become("active", "running");
        ServiceSet set = Set(Service("core") with { Ready = Probe, Timeout = TimeSpan.FromMilliseconds(1) });
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
        Systemd["mysql.service"].Fail("signal");
        await WaitForAsync(static s => s is { Name: "mysql", State: ServiceState.Failed });
        Assert.Equal(["a line of mysql.service"], set.Current[0].LogLines);
        Systemd["mysql.service"].Become("activating", "auto-restart");
        Systemd["mysql.service"].Become("inactive", "dead", static state => state with { HasJob = true });
        await WaitForAsync(static s => s is { State: ServiceState.Starting, Detail: "systemd is about to start it" });
        Changes.Clear();
        Systemd["mysql.service"].Become("activating", "start", static state => state with { HasJob = false });
        Systemd["mysql.service"].Become("active", "running");
        await WaitForAsync(static s => s is { Name: "mysql", State: ServiceState.Ready });
        Assert.Equal([true, false, true], readiness);
    }

    [Fact]
    public async Task AStopByAnotherHandIsSaidToBeThat()
    {
        ServiceSet set = Set(Service("mysql"));
        Assert.True(await set.StartAsync(Limit));
        Systemd["mysql.service"].Become("inactive", "dead");
        await WaitForAsync(static s => s is { State: ServiceState.Stopped, Detail: "stopped, but not by unlockd" });
    }

    [Fact]
    public async Task AFailureThatWasTakenDownIsNotNewsAgain()
    {
        Systemd["a.service"].Start = FailWith("exit-code");
        Systemd["a.service"].Stop = static (unit, _) =>
        {
            unit.Become("failed", "failed", static state => state with { HasJob = true });
            return Task.FromResult(JobResult.Done);
        };
        ServiceSet set = Set(Service("a"), Service("b"));
        Assert.False(await set.StartAsync(Limit));
        Assert.Empty(await set.StopAsync(Limit));
        Systemd["a.service"].Become("failed", "failed", static state => state with { HasJob = false });
        Systemd["b.service"].Become("active", "running");
        await WaitForAsync(static s => s is { Name: "b", State: ServiceState.Ready });
        Assert.Equal(ServiceState.Stopped, set.Current[0].State);
    }
}
