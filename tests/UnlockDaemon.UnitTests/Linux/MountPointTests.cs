using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

public sealed class MountPointTests
{
    /// <summary>It keeps files from being written there by mistake, and no volume from being unlocked or locked.</summary>
    [Theory]
    [InlineData("/no/such/directory")]
    [InlineData("/dev/null")]
    public void WhatCannotBeMadeImmutableStaysAsItIs(string path) => Assert.False(new MountPoint(path).TrySetImmutable());
}
