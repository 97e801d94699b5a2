using UnlockDaemon.Linux.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

public sealed class MountPropagationTests
{
    private static readonly MountEntry s_ours = Parse("shared:7");

    [Theory]
    [InlineData("shared:7", true)]
    [InlineData("master:7", true)]
    [InlineData("shared:9 master:7", true)]
    [InlineData("", false)]
    [InlineData("shared:8", false)]
    [InlineData("unbindable", false)]
    public void ReachesPeersAndFollowers(string tags, bool reached)
    {
        MountEntry other = Parse(tags);
        Assert.Equal(reached, new MountPropagation(s_ours, [s_ours, other]).Reaches(other));
    }

    [Fact]
    public void ReachesFollowersOfFollowers()
    {
        MountEntry last = Parse("master:9");
        MountEntry between = Parse("shared:9 master:7");
        Assert.True(new MountPropagation(s_ours, [last, between, s_ours]).Reaches(last));
        Assert.False(new MountPropagation(s_ours, [last, s_ours]).Reaches(last));
    }

    [Fact]
    public void PrivateMountReachesNobody()
    {
        MountEntry mine = Parse("");
        Assert.False(new MountPropagation(mine, [mine, s_ours]).Reaches(s_ours));
    }

    private static MountEntry Parse(string tags) => MountEntry.TryParse(
        $"36 35 253:0 / /var/secure rw,noatime {tags}{(tags.Length == 0 ? "" : " ")}- ext4 /dev/mapper/unlockd-secure rw")!;
}
