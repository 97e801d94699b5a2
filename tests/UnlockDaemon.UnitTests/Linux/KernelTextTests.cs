using UnlockDaemon.Linux;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>Text of /proc and /sys, read as it is.</summary>
public sealed class KernelTextTests
{
    [Fact]
    public void WhatTheKernelGivesInPiecesIsReadWhole()
    {
        const string Symbols = "/proc/kallsyms";
        Assert.Equal(File.ReadAllText(Symbols), KernelText.TryRead(Symbols));
        Assert.Equal(File.ReadAllLines(Symbols), KernelText.Lines(Symbols));
    }

    [Theory]
    [InlineData("/proc/self/nothing")]
    [InlineData("/proc/self")]
    public void WhatCannotBeReadHasNoText(string path)
    {
        Assert.Null(KernelText.TryRead(path));
        Assert.Empty(KernelText.Lines(path));
    }
}
