using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

public sealed class MountPropagationTests
{
    private static readonly MountEntry[] s_ours = Table("shared:1");

    [Theory]
    [InlineData("shared:1", true)]
    [InlineData("master:1", true)]
    [InlineData("shared:3 master:1", true)]
    [InlineData("", false)]
    [InlineData("shared:2", false)]
    [InlineData("unbindable", false)]
    public void ReachesPeersAndFollowersOfTheMountBelow(string tags, bool reached)
    {
        MountEntry[] others = Table(tags);
        Assert.Equal(reached, new MountPropagation(s_ours[1], s_ours, others).Reaches(others[1], others));
    }

    [Fact]
    public void ReachesFollowersOfFollowers()
    {
        MountEntry[] last = Table("master:3");
        MountEntry[] between = Table("shared:3 master:1");
        Assert.True(new MountPropagation(s_ours[1], s_ours, [.. last, .. between]).Reaches(last[1], last));
        Assert.False(new MountPropagation(s_ours[1], s_ours, last).Reaches(last[1], last));
    }

    [Fact]
    public void DoesNotReachABindMountElsewhere()
    {
        MountEntry[] others = Table("master:1", "/srv/data");
        Assert.False(new MountPropagation(s_ours[1], s_ours, others).Reaches(others[1], others));
    }

    [Fact]
    public void ReachesTheSamePlaceUnderAnotherName()
    {
        MountEntry[] others = [Parse("50 1 8:0 / /host rw master:1 - ext4 /dev/sda rw"),
            Volume(50, "/host/var/secure")];
        Assert.True(new MountPropagation(s_ours[1], s_ours, others).Reaches(others[1], others));
    }

    [Fact]
    public void PrivateMountBelowReachesNobody()
    {
        MountEntry[] mine = Table("");
        Assert.False(new MountPropagation(mine[1], mine, s_ours).Reaches(s_ours[1], s_ours));
    }

    /// <summary>The root file system, with these tags, and the volume on it.</summary>
    private static MountEntry[] Table(string tags, string mountPoint = "/var/secure") =>
        [Parse($"35 1 8:0 / / rw {tags}{(tags.Length == 0 ? "" : " ")}- ext4 /dev/sda rw"), Volume(35, mountPoint)];

    private static MountEntry Volume(int below, string mountPoint) =>
        Parse($"36 {below} 253:0 / {mountPoint} rw,noatime shared:7 - ext4 /dev/mapper/unlockd-secure rw");

    private static MountEntry Parse(string line) => MountEntry.TryParse(line)!;
}
