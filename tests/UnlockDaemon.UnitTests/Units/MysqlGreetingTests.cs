using System.Text;
using UnlockDaemon.Service.Units;
using Xunit;

namespace UnlockDaemon.UnitTests.Units;

public sealed class MysqlGreetingTests
{
    [Fact]
    public void ReadsTheVersion() =>
        Assert.Equal(ProbeResult.Ready("10.11.6-MariaDB-0+deb12u1"), Read("\x0a" + "10.11.6-MariaDB-0+deb12u1\0rest"));

    [Fact]
    public void DropsThePrefixThatMariadbHasForOldReplicas() =>
        Assert.Equal(ProbeResult.Ready("10.11.6-MariaDB"), Read("\x0a" + "5.5.5-10.11.6-MariaDB\0"));

    [Fact]
    public void TakesNoControlCharactersFromTheServer() =>
        Assert.Equal(ProbeResult.Ready("10 [2J11"), Read("\x0a" + "10\x1b[2J11\0"));

    [Fact]
    public void ReadsARefusalWithAState() =>
        Assert.Equal(
            ProbeResult.NotReady("the server refuses connections: Too many connections (1040)"),
            Read("\xff\x10\x04#08004Too many connections"));

    [Fact]
    public void ReadsARefusalWithoutAState() =>
        Assert.Equal(
            ProbeResult.NotReady("the server refuses connections: Host 'x' is not allowed (1130)"),
            Read("\xff\x6a\x04Host 'x' is not allowed"));

    [Theory]
    [InlineData("", "the server's greeting is empty")]
    [InlineData("\x09version\0", "the server speaks protocol 9, not 10")]
    [InlineData("\x0a" + "10.11", "the server's greeting is cut short")]
    [InlineData("\xff", "the server refuses connections")]
    public void IsNotFooledByOthers(string packet, string reason) =>
        Assert.Equal(ProbeResult.NotReady(reason), Read(packet));

    private static ProbeResult Read(string packet) => MysqlGreeting.Read(Encoding.Latin1.GetBytes(packet));
}
