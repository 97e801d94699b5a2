using UnlockDaemon.Service.Volumes;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

public sealed class VolumeTurnsTests : IDisposable
{
    private readonly VolumeTurns _turns = new();

    [Fact]
    public async Task ALockEndsWhatMayBeEndedAndThenHasTheTurn()
    {
        Assert.True(_turns.TryTake());
        CancellationToken grow = _turns.BeginInterruptible();

        Task locking = _turns.TakeForLockAsync(TestContext.Current.CancellationToken);

        Assert.True(grow.IsCancellationRequested);
        Assert.False(locking.IsCompleted);
        _turns.GiveBack();
        await locking;
        Assert.False(_turns.TryTake());
    }

    [Fact]
    public void WhatBeginsWhileALockWaitsIsEndedAtOnce()
    {
        Assert.True(_turns.TryTake());
        _ = _turns.TakeForLockAsync(TestContext.Current.CancellationToken);

        Assert.True(_turns.BeginInterruptible().IsCancellationRequested);
    }

    [Fact]
    public async Task WhatBeginsAfterALockGoesOn()
    {
        await _turns.TakeForLockAsync(TestContext.Current.CancellationToken);

        Assert.False(_turns.BeginInterruptible().IsCancellationRequested);
    }

    [Fact]
    public async Task ALockThatGaveUpEndsNothingMore()
    {
        Assert.True(_turns.TryTake());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _turns.TakeForLockAsync(new CancellationToken(canceled: true)));

        Assert.False(_turns.BeginInterruptible().IsCancellationRequested);
    }

    [Fact]
    public async Task APanicEndsAllThatGoesOnAndNothingThatComesLater()
    {
        int before = _turns.Panics;
        Assert.True(_turns.TryTake());
        CancellationToken start = _turns.BeginInterruptible();
        CancellationToken lockNow = _turns.NextPanic;

        _turns.BeginPanic();
        await _turns.EndAllAsync();

        Assert.NotEqual(before, _turns.Panics);
        Assert.True(start.IsCancellationRequested);
        Assert.True(lockNow.IsCancellationRequested);
        Assert.False(_turns.NextPanic.IsCancellationRequested);
    }

    public void Dispose() => _turns.Dispose();
}
