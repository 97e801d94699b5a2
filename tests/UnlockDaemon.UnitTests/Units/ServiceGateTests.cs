using UnlockDaemon.Gates;
using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class ServiceGateTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("unlockd-gate-").FullName;
    private readonly StandInSystemd _systemd = new();

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task WritesADropInForEachUnit()
    {
        IReadOnlyList<GateFile> files = await ApplyAsync("/var/secure", "mariadb.service", "utm5_core.service");
        Assert.Equal([GateState.Missing, GateState.Missing], files.Select(static f => f.State));
        string text = await File.ReadAllTextAsync(PathOf("mariadb.service"), Limit);
        string[] settings = [.. text.Split('\n').Where(static line => line.Length > 0 && line[0] != '#')];
        Assert.Equal(
            ["[Unit]", "After=unlockd.service", "After=var-secure.mount", "AssertPathIsMountPoint=/var/secure"],
            settings);
        Assert.Contains("unlockctl apply", text, StringComparison.Ordinal);
        Assert.Equal(["reload"], _systemd.Calls);
    }

    /// <summary>basic.target comes after those, and unlockd after basic.target: one job of the cycle is dropped.</summary>
    [Theory]
    [InlineData("web.socket", false)]
    [InlineData("web.path", false)]
    [InlineData("web.timer", true)]
    [InlineData("web.target", true)]
    public async Task OrdersAfterUnlockdOnlyWhatTheBootDoesNotWaitFor(string unit, bool ordered)
    {
        await ApplyAsync("/var/secure", unit);
        string[] lines = await File.ReadAllLinesAsync(PathOf(unit), Limit);
        Assert.Equal(ordered, lines.Contains("After=unlockd.service"));
        Assert.Contains("AssertPathIsMountPoint=/var/secure", lines);
    }

    [Fact]
    public async Task HasSystemdReadWhatItDoesNotKnow()
    {
        await ApplyAsync("/var/secure", "mariadb.service", "core.service");
        SystemdHasRead("mariadb.service", "/var/secure", static state => state with { NeedsReload = true });
        SystemdHasRead("core.service", "/var/secure");
        await ApplyAsync("/var/secure", "mariadb.service", "core.service");
        Assert.Equal(["reload", "reload"], _systemd.Calls);
        SystemdHasRead("mariadb.service", "/elsewhere");
        await ApplyAsync("/var/secure", "mariadb.service", "core.service");
        Assert.Equal(["reload", "reload", "reload"], _systemd.Calls);
    }

    [Fact]
    public async Task ChangesNothingThatIsInOrder()
    {
        await ApplyAsync("/var/secure", "mariadb.service");
        SystemdHasRead("mariadb.service", "/var/secure");
        DateTime written = File.GetLastWriteTimeUtc(PathOf("mariadb.service"));
        IReadOnlyList<GateFile> files = await ApplyAsync("/var/secure", "mariadb.service");
        Assert.Equal(GateState.Applied, Assert.Single(files).State);
        Assert.Equal(written, File.GetLastWriteTimeUtc(PathOf("mariadb.service")));
        Assert.Equal(["reload"], _systemd.Calls);
    }

    [Fact]
    public async Task WritesAnewForAnotherMountPoint()
    {
        await ApplyAsync("/var/secure", "mariadb.service");
        Assert.Equal(GateState.Outdated, Assert.Single(await ApplyAsync("/srv/my-data", "mariadb.service")).State);
        Assert.Contains(
            "After=srv-my\\x2ddata.mount",
            await File.ReadAllLinesAsync(PathOf("mariadb.service"), Limit));
    }

    [Fact]
    public async Task RemovesWhatItWroteForUnitsNoLongerConfigured()
    {
        await ApplyAsync("/var/secure", "mariadb.service", "utm5_core.service");
        string mine = $"{_root}/mariadb.service.d/local.conf";
        await File.WriteAllTextAsync(mine, "[Service]\n", Limit);

        IReadOnlyList<GateFile> files = await ApplyAsync("/var/secure");
        Assert.Equal(
            [("mariadb.service", GateState.Stale), ("utm5_core.service", GateState.Stale)],
            files.Select(static f => (f.Unit, f.State)));
        Assert.True(File.Exists(mine));
        Assert.False(File.Exists(PathOf("mariadb.service")));
        Assert.False(Directory.Exists($"{_root}/utm5_core.service.d"));
    }

    [Fact]
    public async Task LeavesAForeignFileAlone()
    {
        foreach (string unit in (string[])["mariadb.service", "other.service"])
        {
            Directory.CreateDirectory($"{_root}/{unit}.d");
            await File.WriteAllTextAsync(PathOf(unit), "[Unit]\n", Limit);
        }

        Assert.Equal(GateState.Foreign, Assert.Single(await ApplyAsync("/var/secure", "mariadb.service")).State);
        Assert.Equal("[Unit]\n", await File.ReadAllTextAsync(PathOf("other.service"), Limit));
        Assert.Equal("[Unit]\n", await File.ReadAllTextAsync(PathOf("mariadb.service"), Limit));
        Assert.Empty(_systemd.Calls);
    }

    [Fact]
    public void KeepsSystemdFromReadingSpecifiersIntoAPath() =>
        Assert.Contains(
            "\nAssertPathIsMountPoint=/srv/100%%\n", ServiceGate.ContentOf("a.service", "/srv/100%"),
            StringComparison.Ordinal);

    [Fact]
    public async Task HasUnlockdStoppedBeforeWhatTheContainerLiesOn()
    {
        ServiceGate gate = new("/var/secure", [], ["/srv/a b/100%", "/dev/vg/data"], _root);
        Assert.Equal(GateState.Missing, Assert.Single(await gate.ApplyAsync(_systemd, Limit)).State);
        string[] lines = await File.ReadAllLinesAsync(PathOf("unlockd.service"), Limit);
        Assert.Equal(
            ["[Unit]", "RequiresMountsFor=\"/srv/a b/100%%\"", "After=dev-vg-data.device"],
            lines.Where(static line => line[0] != '#'));
        Assert.Equal(GateState.Applied, Assert.Single(await gate.ApplyAsync(_systemd, Limit)).State);
        Assert.Equal(["reload"], _systemd.Calls);
    }

    [Fact]
    public async Task LeavesNoDraftBehind()
    {
        await ApplyAsync("/var/secure", "mariadb.service");
        Assert.Equal([PathOf("mariadb.service")], Directory.GetFiles($"{_root}/mariadb.service.d"));
    }

    private void SystemdHasRead(string unit, string mountPoint, Func<UnitState, UnitState>? change = null)
    {
        UnitState state = _systemd[unit].State with { AssertedMountPoints = [mountPoint], NeedsReload = false };
        _systemd[unit].BecomeSilently(change is null ? state : change(state));
    }

    private string PathOf(string unit) => $"{_root}/{unit}.d/unlockd.conf";

    private Task<IReadOnlyList<GateFile>> ApplyAsync(string mountPoint, params string[] units) =>
        new ServiceGate(mountPoint, units, [], _root).ApplyAsync(_systemd, Limit);
}
