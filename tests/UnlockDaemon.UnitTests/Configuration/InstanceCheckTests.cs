using UnlockDaemon.Checks;
using UnlockDaemon.Protocol;
using Xunit;

namespace UnlockDaemon.UnitTests.Configuration;

/// <summary>What one instance is told of another.</summary>
public sealed class InstanceCheckTests
{
    [Theory]
    [InlineData("", "archive", "unlockctl check --instance archive")]
    [InlineData("archive", "", "unlockctl check")]
    [InlineData("archive", "other", "unlockctl check --instance other")]
    public void MistakesAreNamedByTheOtherOnesCheck(string current, string other, string command) =>
        Assert.EndsWith(": " + command, new Instance(current).Address(InstanceCheck.Mistakes(new Instance(other))),
            StringComparison.Ordinal);
}
