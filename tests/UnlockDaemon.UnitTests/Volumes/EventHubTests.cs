using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

public sealed class EventHubTests
{
    /// <summary>What operators do is no progress of a piece of work.</summary>
    [Fact]
    public void OnlyStepsCountAsProgress()
    {
        int steps = 0;
        EventHub events = new() { Stepped = () => steps++ };
        events.Publish(new News.PassphraseTried("tty1"));
        events.Publish(new News.StateChanged(VolumeState.Locked, "locked"));
        Assert.Equal(0, steps);
        events.Publish(new News.CheckGoesOn("checking the file system: 10 %"));
        Assert.Equal(1, steps);
    }
}
