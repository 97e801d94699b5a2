using Microsoft.Extensions.Logging;
using UnlockDaemon.Service.Parts;
using Xunit;

namespace UnlockDaemon.UnitTests.Parts;

public sealed class BackgroundTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private readonly List<(string Message, Exception? Failure)> _log = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TellsWhatItsWorkThrows()
    {
        using Background background = new(new Listener(_log));
        background.Run("ending a hold", static _ => throw new InvalidDataException("nobody thought of this"));
        while (_log.Count == 0)
            await Task.Yield();
        await background.EndAsync();
        (string message, Exception? failure) = Assert.Single(_log);
        Assert.Equal("ending a hold failed", message);
        Assert.IsType<InvalidDataException>(failure);
    }

    /// <summary>A hold may have a day before it: the stop does not wait for that.</summary>
    [Fact]
    public async Task StopEndsWhatWaitsAndIsNoFailure()
    {
        using Background background = new(new Listener(_log));
        background.Run("ending a hold", static stopping => Task.Delay(Timeout.Infinite, stopping));
        await background.EndAsync(Timeout.InfiniteTimeSpan).WaitAsync(s_limit, Cancellation);
        Assert.Empty(_log);
    }

    [Fact]
    public async Task OtherCancellationIsAFailure()
    {
        using Background background = new(new Listener(_log));
        background.Run("waiting", static _ => Task.FromCanceled(new CancellationToken(canceled: true)));
        while (_log.Count == 0)
            await Task.Yield();
        await background.EndAsync().WaitAsync(s_limit, Cancellation);
        Assert.Equal("waiting failed", Assert.Single(_log).Message);
    }

    [Fact]
    public async Task NamesWhatDoesNotEnd()
    {
        using Background background = new(new Listener(_log));
        TaskCompletionSource stuck = new();
        background.Run("a disk", _ => stuck.Task);
        await background.EndAsync(TimeSpan.FromMilliseconds(1)).WaitAsync(s_limit, Cancellation);
        Assert.EndsWith("any longer for a disk", Assert.Single(_log).Message, StringComparison.Ordinal);
        stuck.SetResult();
    }

    [Fact]
    public async Task AwaitsAllOfItsWork()
    {
        using Background background = new(new Listener(_log));
        TaskCompletionSource work = new();
        background.Run("long", _ => work.Task);
        Task done = background.EndAsync(Timeout.InfiniteTimeSpan);
        Assert.False(done.IsCompleted);
        work.SetResult();
        await done.WaitAsync(s_limit, Cancellation);
    }

    private sealed class Listener(List<(string Message, Exception? Failure)> log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => log.Add((formatter(state, exception), exception));
    }
}
