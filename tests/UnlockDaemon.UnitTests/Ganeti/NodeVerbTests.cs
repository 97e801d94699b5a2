using UnlockDaemon.Cli;
using UnlockDaemon.Protocol.Messages;
using Xunit;

namespace UnlockDaemon.UnitTests.Ganeti;

/// <summary>What an instance tells the nodes.</summary>
public sealed class NodeVerbTests
{
    [Fact]
    public void NoNodeIsToldWhatServicesLogNorWhatFilesAreOpen()
    {
        ServiceInfo service = new("mysql", "mysql.service", "failed", "exit code 1", null, ["a line of the journal"]);
        StatusReply told = NodeVerb.ForNode(new StatusReply("degraded", Held: false, null, null,
            new VolumeInfo("/var/encrypt_file", "luks", "/var/secure"), [], [service], DateTimeOffset.UnixEpoch, "boot",
            "sh has /var/secure/private open", []));
        Assert.Null(told.LastError);
        Assert.Equal([service with { Log = told.Services[0].Log }], told.Services);
        Assert.Empty(told.Services[0].Log);
    }

    [Theory]
    [InlineData(false, null, null, true)]
    [InlineData(true, "ganeti migrate", "ganeti", true)]
    [InlineData(true, "ganeti node maintenance", null, false)]
    [InlineData(true, "maintenance", "somebody", false)]
    public void EndsNoHoldButItsOwn(bool held, string? reason, string? owner, bool mayHold)
    {
        StatusReply status = new(
            "locked", held, reason, null, new VolumeInfo("/var/encrypt_file", "luks", "/var/secure"), [], [],
            DateTimeOffset.UnixEpoch, "boot", null, [], owner);
        Assert.Equal(mayHold, NodeVerb.MayHold(status));
    }
}
