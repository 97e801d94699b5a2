using System.Threading.Channels;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging.Abstractions;
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

    /// <summary>Asked again and again, and told to systemd only while the answer is yes.</summary>
    [Fact]
    public async Task PingsOnlyWhileTheTurnCanBeHad()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        bool alive = true;
        SemaphoreSlim asked = new(0);
        Listener systemd = new();
        using Watchdog watchdog = new(
            () =>
            {
                bool answer = Volatile.Read(ref alive);
                asked.Release();
                return Task.FromResult(answer);
            },
            systemd, TimeSpan.FromMilliseconds(20), NullLogger.Instance);
        await watchdog.StartAsync(cancellation);
        Assert.Equal("WATCHDOG=1", await systemd.Heard.Reader.ReadAsync(cancellation));
        Assert.Equal("WATCHDOG=1", await systemd.Heard.Reader.ReadAsync(cancellation));

        Volatile.Write(ref alive, false);
        while (asked.Wait(0, cancellation))
        {
            // Asked before it changed.
        }

        // Who is asked a second time has dealt with the first answer.
        await asked.WaitAsync(cancellation);
        await asked.WaitAsync(cancellation);
        while (systemd.Heard.Reader.TryRead(out _))
        {
            // Told before it changed.
        }

        await asked.WaitAsync(cancellation);
        await asked.WaitAsync(cancellation);
        await watchdog.StopAsync(cancellation);
        Assert.False(systemd.Heard.Reader.TryRead(out _));
        Assert.False(watchdog.IsBroken);
    }

    private sealed class Listener : ISystemdNotifier
    {
        internal Channel<string> Heard { get; } = Channel.CreateUnbounded<string>();

        public bool IsEnabled => true;

        public void Notify(ServiceState state) => Heard.Writer.TryWrite(state.ToString());
    }
}
