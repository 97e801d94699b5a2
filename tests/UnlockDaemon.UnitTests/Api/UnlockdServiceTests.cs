using UnlockDaemon.Service;
using Xunit;

namespace UnlockDaemon.UnitTests.Api;

/// <summary>How the daemon ends.</summary>
public sealed class UnlockdServiceTests : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _ending;
    private readonly Task _good;

    public UnlockdServiceTests()
    {
        _ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _good = Task.Delay(Timeout.Infinite, _ending.Token);
    }

    public void Dispose()
    {
        _ending.Dispose();
        _stopping.Dispose();
    }

    [Fact]
    public async Task FailureOfOneHalfEndsTheOther()
    {
        IOException failure = new("no socket");
        Assert.Same(failure, await UnlockdService.WhenEndedAsync(
            Task.FromException(failure), _good, _ending, _stopping.Token));
        Assert.True(_good.IsCanceled);
    }

    [Fact]
    public async Task HalfThatEndsByItselfIsAFailure() =>
        Assert.NotNull(await UnlockdService.WhenEndedAsync(_good, Task.CompletedTask, _ending, _stopping.Token));

    [Fact]
    public async Task StopIsNone()
    {
        Task<Exception?> ended = UnlockdService.WhenEndedAsync(_good, _good, _ending, _stopping.Token);
        Assert.False(ended.IsCompleted);
        await _stopping.CancelAsync();
        Assert.Null(await ended);
    }
}
