using UnlockDaemon.Linux.Terminals;
using Xunit;

namespace UnlockDaemon.UnitTests.Prompts;

/// <summary>Which consoles are asked on.</summary>
public sealed class ConsoleNamesTests
{
    [Fact]
    public void ThoseOfTheKernelComeOnTopButOnceAndNotTty0() =>
        Assert.Equal(["tty1", "ttyS0", "hvc0"], ConsoleNames.Candidates(["tty1", "ttyS0"], "tty0 ttyS0 hvc0\n"));

    [Fact]
    public void AnEmptyListMeansNone() => Assert.Empty(ConsoleNames.Candidates([], "tty0 ttyS0\n"));
}
