using UnlockDaemon.Linux.Systemd;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class UnitFailureTests
{
    private static readonly UnitState s_failed = new()
    {
        Id = "a.service",
        LoadState = "loaded",
        ActiveState = "failed",
        SubState = "failed",
        ConditionResult = true,
    };

    [Theory]
    [InlineData("exit-code", 1, 203, "its process exited with status 203")]
    [InlineData("exit-code", 0, 0, "its start command exited with an error")]
    [InlineData("signal", 2, 9, "its process was killed by signal 9")]
    [InlineData("core-dump", 3, 11, "its process crashed by signal 11")]
    [InlineData("oom-kill", 2, 9, "the kernel killed it: the machine was out of memory")]
    [InlineData("start-limit-hit", 1, 1, "it failed too often; systemd has stopped trying")]
    [InlineData("success", 1, 0, "its processes ended without an error")]
    [InlineData("new-in-300", 0, 0, "systemd reports \"new-in-300\"")]
    public void SaysHowARunEnded(string result, int code, int status, string text) =>
        Assert.Equal(
            text, UnitFailure.Describe(s_failed with { Result = result, ExitCode = code, ExitStatus = status }));

    [Fact]
    public void SaysThatAUnitDoesNotExist() =>
        Assert.Equal(
            "the unit a.service does not exist",
            UnitFailure.Describe(new UnitState { Id = "a.service", LoadState = "not-found" }));

    [Fact]
    public void SaysThatAConditionDoesNotHold() =>
        Assert.Equal(
            "a condition of the unit does not hold, so systemd did not start it (systemctl status a.service)",
            UnitFailure.Describe(s_failed with { ActiveState = "inactive", ConditionResult = false }));

    [Fact]
    public void OnlyAForkingUnitIsHollowWithoutProcesses()
    {
        UnitState exited = s_failed with { ActiveState = "active", SubState = "exited" };
        Assert.True(UnitFailure.IsHollow(exited with { Type = "forking" }));
        Assert.False(UnitFailure.IsHollow(exited with { Type = "oneshot" }));
        Assert.False(UnitFailure.IsHollow(exited with { Type = "forking", SubState = "running" }));
    }
}
