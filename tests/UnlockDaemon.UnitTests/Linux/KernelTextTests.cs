using Tmds.Linux;
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

    [Theory]
    [InlineData("/proc/self/nothing", "ENOENT")]
    [InlineData("/proc/self", "EISDIR")]
    public void WhyAFileCannotBeReadIsSaid(string path, string reason)
    {
        LinuxException failure = Assert.Throws<LinuxException>(() => KernelText.Read(path));
        Assert.Equal(reason == "ENOENT" ? LibC.ENOENT : LibC.EISDIR, failure.Errno);
    }
}
