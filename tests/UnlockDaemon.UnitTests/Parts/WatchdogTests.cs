using UnlockDaemon.Service.Parts;
using Xunit;

namespace UnlockDaemon.UnitTests.Parts;

public sealed class WatchdogTests
{
    [Theory]
    [InlineData("300000000", null, 300)]
    [InlineData("300000000", "42", 300)]
    [InlineData("300000000", "43", null)]
    [InlineData("0", null, null)]
    [InlineData("-1", null, null)]
    [InlineData("soon", null, null)]
    [InlineData(null, null, null)]
    public void ReadsWhatSystemdSays(string? microseconds, string? process, int? seconds) =>
        Assert.Equal(seconds is { } some ? TimeSpan.FromSeconds(some) : null,
            Watchdog.Limit(microseconds, process, self: 42));
}
