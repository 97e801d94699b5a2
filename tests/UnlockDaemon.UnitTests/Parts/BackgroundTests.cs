using Microsoft.Extensions.Logging;
using UnlockDaemon.Service.Parts;
using Xunit;

namespace UnlockDaemon.UnitTests.Parts;

public sealed class BackgroundTests
{
    private readonly List<(string Message, Exception? Failure)> _log = [];

    [Fact]
    public async Task TellsWhatItsWorkThrows()
    {
        Background background = new(new Listener(_log));
        background.Run("ending a hold", static () => throw new InvalidDataException("nobody thought of this"));
        await background.WhenDoneAsync();
        (string message, Exception? failure) = Assert.Single(_log);
        Assert.Equal("ending a hold failed", message);
        Assert.IsType<InvalidDataException>(failure);
    }

    [Fact]
    public async Task CancellationIsNoFailure()
    {
        Background background = new(new Listener(_log));
        background.Run("waiting", static () => Task.FromCanceled(new CancellationToken(canceled: true)));
        await background.WhenDoneAsync();
        Assert.Empty(_log);
    }

    [Fact]
    public async Task AwaitsAllOfItsWork()
    {
        Background background = new(new Listener(_log));
        TaskCompletionSource work = new();
        background.Run("long", () => work.Task);
        Task done = background.WhenDoneAsync();
        Assert.False(done.IsCompleted);
        work.SetResult();
        await done.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
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
