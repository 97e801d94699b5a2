using UnlockDaemon.Linux.Terminals;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>One has the turn at a console, and the next one gets it.</summary>
public sealed class TurnTests : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);
    private readonly string _path = Path.GetTempFileName();
    private readonly FilePoller _poller = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _poller.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public async Task PassesFromOneToTheNext()
    {
        Turn first = await Turn.TakeAsync(_path, _poller, Cancellation);
        Task<Turn> second = Turn.TakeAsync(_path, _poller, Cancellation);
        Task<Turn> third = Turn.TakeAsync(_path, _poller, Cancellation);
        // Past the looks of the beginning, so that it is the news that wakes it.
        await Task.Delay(TimeSpan.FromSeconds(1.5), Cancellation);
        Assert.False(second.IsCompleted || third.IsCompleted);
        first.Dispose();
        Task<Turn> next = await Task.WhenAny(second, third).WaitAsync(s_soon, Cancellation);
        Task<Turn> last = next == second ? third : second;
        await Task.Delay(TimeSpan.FromSeconds(1.5), Cancellation);
        Assert.False(last.IsCompleted);
        (await next).Dispose();
        (await last.WaitAsync(s_soon, Cancellation)).Dispose();
    }

    [Fact]
    public async Task WhoHasItIsToldOfThoseWhoCome()
    {
        using Turn turn = await Turn.TakeAsync(_path, _poller, Cancellation);
        Task told = turn.WaitForOthersAsync(_poller, Cancellation);
        Assert.False(told.IsCompleted);
        using CancellationTokenSource giveUp = new();
        Task<Turn> other = Turn.TakeAsync(_path, _poller, giveUp.Token);
        await told.WaitAsync(s_soon, Cancellation);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
    }
}
