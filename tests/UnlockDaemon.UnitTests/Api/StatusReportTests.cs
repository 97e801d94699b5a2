using UnlockDaemon.Service.Api;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Api;

/// <summary>What a caller is told of the services.</summary>
public sealed class StatusReportTests
{
    private static readonly ServiceStatus s_failed =
        new("mysql", "mysql.service", ServiceState.Failed, "exit code 1", null, ["a line of the journal"]);

    [Fact]
    public void LinesOfTheJournalAreForWhoMayReadIt()
    {
        Assert.Equal(["a line of the journal"], StatusReport.Describe(s_failed, withLog: true).Log);
        Assert.Empty(StatusReport.Describe(s_failed, withLog: false).Log);
        Assert.Equal("exit code 1", StatusReport.Describe(s_failed, withLog: false).Detail);
    }
}
