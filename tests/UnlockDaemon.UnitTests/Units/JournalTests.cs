using UnlockDaemon.Linux.Systemd;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class JournalTests
{
    [Fact]
    public void SelectsOneRunAndWhatSystemdSaysOfIt() =>
        Assert.Equal(
            [["_SYSTEMD_INVOCATION_ID=0123"], ["INVOCATION_ID=0123", "_PID=1"]],
            Journal.MatchesOf(new UnitState { Id = "a.service", InvocationId = "0123" }));

    [Fact]
    public void SelectsTheUnitIfItNeverRan() =>
        Assert.Equal(
            [["_SYSTEMD_UNIT=a.service"], ["UNIT=a.service", "_PID=1"]],
            Journal.MatchesOf(new UnitState { Id = "a.service" }));

    [Fact]
    public void MakesALineThatATerminalTakesAsText() =>
        Assert.Equal("a [31m b \ufffd", Journal.ToLine([.. "a\u001b[31m\nb "u8, 0xff, (byte)'\n']));

    [Fact]
    public void CutsALineThatIsTooLong() =>
        Assert.Equal(1000, Journal.ToLine([.. Enumerable.Repeat((byte)'x', 5000)]).Length);
}
