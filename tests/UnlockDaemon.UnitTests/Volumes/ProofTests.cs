using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

/// <summary>A certificate says only what was looked at, of the container that it names.</summary>
public sealed class ProofTests
{
    private static readonly LeftoverFacts s_nothing = new([], [], [], [], []);
    private static readonly Snapshot s_clear = Scene.Locked with { Leftovers = s_nothing, Seal = "abc" };

    private static readonly FilesystemMemory s_clean = new(FilesystemVerdict.Clean, "ext4: state clean",
        s_clear.Container.Identity.ToString(), "abc");

    [Fact]
    public void WithNothingLeftAllHolds() =>
        Assert.All(Check(s_clear, s_clean), static check => Assert.True(check.Ok, check.Name));

    [Fact]
    public void UntouchedSinceTheBootHoldsToo() =>
        Assert.True(Superblock(s_clear, s_clean with { Verdict = FilesystemVerdict.Untouched }).Ok);

    [Theory]
    [InlineData("services stopped")]
    [InlineData("filesystem unmounted")]
    [InlineData("mapping gone")]
    [InlineData("key gone")]
    [InlineData("container detached")]
    public void WhateverIsLeftIsNamed(string name)
    {
        string[] left = ["what is left"];
        LeftoverFacts facts = name switch
        {
            "services stopped" => s_nothing with { Services = left },
            "filesystem unmounted" => s_nothing with { Mounts = left },
            "mapping gone" => s_nothing with { Mappings = left },
            "key gone" => s_nothing with { Keys = left },
            _ => s_nothing with { Devices = left },
        };
        CheckResult failed = Assert.Single(
            Check(s_clear with { Leftovers = facts }, s_clean), static check => !check.Ok);
        Assert.Equal((name, "what is left"), (failed.Name, failed.Detail));
    }

    [Fact]
    public void WhatIsKnownOfAnotherContainerSaysNothing()
    {
        Snapshot other = s_clear with
        {
            Container = s_clear.Container with { Identity = new(new(8, 1), 13) },
        };
        Assert.Equal("the container is another one than unlockd knows: unlock and lock it once more",
            Superblock(other, s_clean).Detail);
    }

    [Fact]
    public void AContainerThatWasWrittenToSinceIsNotProven() =>
        Assert.Contains("was written to, and not by unlockd",
            Superblock(s_clear with { Seal = "xyz" }, s_clean).Detail,
            StringComparison.Ordinal);

    [Fact]
    public void AContainerThatCannotBeReadIsNotProven() =>
        Assert.False(Superblock(s_clear with { Seal = null },
            s_clean with { Seal = null }).Ok);

    [Fact]
    public void WhatIsNotKnownIsNotProven()
    {
        Assert.Contains("is lost", Superblock(s_clear, null).Detail, StringComparison.Ordinal);
        Assert.Contains("it was not unlockd that unmounted it",
            Superblock(s_clear, new(FilesystemVerdict.Mounted, "")).Detail, StringComparison.Ordinal);
        Assert.Equal("ext4: not clean",
            Superblock(s_clear, s_clean with { Verdict = FilesystemVerdict.Unclean, Detail = "ext4: not clean" }).Detail);
    }

    private static IReadOnlyList<CheckResult> Check(Snapshot seen, FilesystemMemory? known) =>
        Proof.Of(seen, known, StepResult.Done, "/var/lib/unlockd");

    private static CheckResult Superblock(Snapshot seen, FilesystemMemory? known) =>
        Check(seen, known).Single(static check => check.Name == "superblock clean");
}
