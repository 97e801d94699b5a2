using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A guest that cannot boot is reported at once, not after the time limit of a boot.</summary>
public sealed class BrokenGuestTests
{
    [Fact]
    public async Task EndsWhenItsKernelPanics()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestDisk empty = GuestDisk.Empty(1 << 20);
        EndOfStreamException failure = await Assert.ThrowsAsync<EndOfStreamException>(
            () => Guest.BootAsync(empty, new GuestOptions { Name = "broken" }, cancellation)
                .WaitAsync(TimeSpan.FromSeconds(30), cancellation));
        Assert.Contains("tty0", failure.Message, StringComparison.Ordinal);
    }
}
