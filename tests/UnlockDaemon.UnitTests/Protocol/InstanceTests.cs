using UnlockDaemon.Protocol;
using Xunit;

namespace UnlockDaemon.UnitTests.Protocol;

/// <summary>Names and paths of further volumes.</summary>
public sealed class InstanceTests
{
    [Theory]
    [InlineData("archive", true)]
    [InlineData("Old_2009-b", true)]
    [InlineData("", false)]
    [InlineData("-x", false)]
    [InlineData("unlockd", false)]
    [InlineData("ganeti", false)]
    [InlineData("../etc", false)]
    [InlineData("a.b", false)]
    [InlineData("a@b", false)]
    [InlineData("архив", false)]
    [InlineData("a23456789012345678901234567890123", false)]
    public void NameIsJudged(string name, bool good) => Assert.Equal(good, Instance.Problem(name) is null);

    [Fact]
    public void UsualOneHasThePathsOfAlways()
    {
        Instance usual = new("");
        Assert.Equal("/etc/unlockd/unlockd.yaml", usual.Configuration);
        Assert.Equal("/run/unlockd/org.unlockd", usual.Socket);
        Assert.Equal("/var/lib/unlockd", usual.StateDirectory);
        Assert.Equal("unlockd.service", usual.Unit);
        Assert.Equal("run 'unlockctl lock'", usual.Address("run 'unlockctl lock'"));
    }

    [Fact]
    public void OtherOneHasItsOwn()
    {
        Instance archive = new("archive");
        Assert.Equal("/etc/unlockd/archive.yaml", archive.Configuration);
        Assert.Equal("/run/unlockd-archive/org.unlockd", archive.Socket);
        Assert.Equal("/var/lib/unlockd-archive", archive.StateDirectory);
        Assert.Equal("unlockd@archive.service", archive.Unit);
        Assert.Equal("run 'unlockctl --instance archive lock', 'systemctl restart unlockd@archive'",
            archive.Address("run 'unlockctl lock', 'systemctl restart unlockd'"));
    }
}
