using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>Services are stopped, also in the middle of their start.</summary>
public sealed class ServiceSetStopTests : ServiceSetTest
{
    [Fact]
    public async Task EstimatesTheSlowestChainOfStopsOfWhatIsUp()
    {
        StopHistory history = new(Groups + "/stops");
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
        Systemd["core.service"].Stop = static (_, _) => Task.FromResult("timeout");
        RunningService left = Assert.Single(await set.StopAsync(Limit));
        Assert.Equal("core (core.service) did not stop (systemd ended the job with \"timeout\")", left.ToString());
        Assert.DoesNotContain("stop mysql.service", Systemd.Calls);
        Assert.Contains("stop web.service", Systemd.Calls);
    }

    [Fact]
    public async Task AServiceThatLeavesProcessesIsNamedWithThem()
    {
        Directory.CreateDirectory(Groups + "/core");
        await File.WriteAllTextAsync(Groups + "/core/cgroup.events", "populated 1\nfrozen 0\n", Limit);
        await File.WriteAllTextAsync(Groups + "/core/cgroup.procs", "412\n413\n", Limit);
        ServiceSet set = Set(Service("core"));
        Assert.True(await set.StartAsync(Limit));
        Systemd["core.service"].Become("active", "running", static state => state with { ControlGroup = "/core" });
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        RunningService left = Assert.Single(await set.StopAsync(deadline.Token).WaitAsync(Patience, Limit));
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
        Systemd["mysql.service"].Stop = static async (unit, cancellationToken) =>
        {
            unit.Become("deactivating", "stop-sigterm");
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return "";
        };
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        RunningService left = Assert.Single(await set.StopAsync(deadline.Token).WaitAsync(Patience, Limit));
        Assert.Equal("mysql (mysql.service) did not stop before the deadline", left.ToString());
        Assert.Equal(["mysql (mysql.service) is deactivating"], await set.FindRunningAsync(Limit));
    }

    [Fact]
    public async Task AStopMayTakeLongerThanTheStartMay()
    {
        ServiceSet set = Set(Service("mysql") with { Timeout = TimeSpan.FromMilliseconds(10) });
        Systemd["mysql.service"].Become("active", "running");
        Systemd["mysql.service"].Stop = static async (unit, cancellationToken) =>
        {
            await Task.Delay(100, cancellationToken);
            unit.Become("inactive", "dead");
            return "done";
        };
        Assert.Empty(await set.StopAsync(Limit).WaitAsync(Patience, Limit));
    }

    [Fact]
    public async Task AServiceThatStartsIsStoppedOnceItHasStarted()
    {
        Systemd["mysql.service"].Start = NeverStartAsync;
        ServiceSet set = Set(Service("mysql"));
        using var cancelled = new CancellationTokenSource();
        Task<bool> start = set.StartAsync(cancelled.Token);
        while (Systemd["mysql.service"].State.ActiveState != "activating")
            await Task.Delay(1, Limit);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Task<IReadOnlyList<RunningService>> stop = set.StopAsync(Limit);
        await WaitForAsync(static s => s is { State: ServiceState.Stopping, Detail: "waits for its start to end" });
        Assert.DoesNotContain("stop mysql.service", Systemd.Calls);
        Systemd["mysql.service"].Become("active", "running");
        Assert.Empty(await stop.WaitAsync(Patience, Limit));
        Assert.Contains("stop mysql.service", Systemd.Calls);
    }

    [Fact]
    public async Task AStartThatNobodyWaitsForAnyLongerGoesOn()
    {
        Systemd["mysql.service"].Start = static async (unit, cancellationToken) =>
        {
            unit.Become("activating", "start");
            while (!unit.State.IsActive)
                await Task.Delay(1, cancellationToken);
            return JobResult.Done;
        };
        ServiceSet set = Set(Service("mysql"), Service("core", "mysql"));
        using var cancelled = new CancellationTokenSource();
        Task<bool> start = set.StartAsync(cancelled.Token);
        while (Systemd["mysql.service"].State.ActiveState != "activating")
            await Task.Delay(1, Limit);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Systemd["mysql.service"].Become("active", "running");
        await WaitForAsync(static s => s is { Name: "core", State: ServiceState.Ready });
        Assert.Equal(["start mysql.service", "start core.service"], Systemd.Calls);
    }
}
