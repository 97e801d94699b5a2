using Tmds.DBus.Protocol;
using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>What is concluded from what systemd says of a unit.</summary>
public sealed class UnitJobTests
{
    private static readonly UnitState s_ran =
        new() { Id = "a.service", ConditionResult = true, InvocationId = "12", Result = "success", Type = "oneshot" };

    /// <summary>The end of a job was sent while systemd or its bus was away: what it left has to tell.</summary>
    [Theory]
    [InlineData("active", true, "done")]
    [InlineData("failed", true, "failed")]
    [InlineData("inactive", true, "done")]
    [InlineData("activating", true, "canceled")]
    [InlineData("inactive", false, "done")]
    [InlineData("failed", false, "done")]
    [InlineData("active", false, "canceled")]
    [InlineData("deactivating", false, "canceled")]
    public void AJobWhoseEndWasNotSeenIsJudgedByTheUnit(string state, bool wasStart, string result) =>
        Assert.Equal(result, JobResult.Of(s_ran with { ActiveState = state }, wasStart));

    [Fact]
    public void AServiceThatIsDownAfterItsStartWasNotStarted() =>
        Assert.Equal("canceled", JobResult.Of(s_ran with { ActiveState = "inactive", Type = "notify" }, true));

    [Fact]
    public void AStartWhoseConditionFailedIsDone() => Assert.Equal("done", JobResult.Of(
        s_ran with { ActiveState = "inactive", Type = "notify", ConditionResult = false }, true));

    [Fact]
    public void PropertiesAreTakenOverAndTheRestStays()
    {
        UnitState state = UnitProperties.Apply(s_ran, new Dictionary<string, VariantValue>
        {
            ["ActiveState"] = "active",
            ["MainPID"] = 4711u,
            ["InvocationID"] = VariantValue.Array(new byte[] { 0xab, 0x01 }),
            ["Job"] = VariantValue.Struct(7u, VariantValue.ObjectPath(new ObjectPath("/job/7"))),
            ["LoadError"] = VariantValue.Struct("org.example", "no such file"),
            ["ActiveEnterTimestampMonotonic"] = 1_500_000ul,
            ["Unheard"] = "of",
        });
        Assert.Equal(("active", 4711, "ab01", true, "no such file", TimeSpan.FromSeconds(1.5), "success"),
            (state.ActiveState, state.MainPid, state.InvocationId, state.HasJob, state.LoadError, state.ActiveSince,
                state.Result));
    }
}
