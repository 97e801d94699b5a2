using UnlockDaemon.Service.Volumes;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

public sealed class VolumeTurnsTests : IDisposable
{
    private readonly Clock _clock = new();
    private readonly VolumeTurns _turns;

    public VolumeTurnsTests() => _turns = new VolumeTurns(_clock);

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

    /// <summary>A lock of ten minutes is at work for ten minutes, and lost after that.</summary>
    [Fact]
    public void IsAliveWithinTheLimitOfWhoeverHasTheTurn()
    {
        Assert.True(_turns.TryTake());
        _turns.Allow(TimeSpan.FromMinutes(10));
        _clock.Advance(TimeSpan.FromMinutes(9));
        Assert.True(_turns.IsAlive);
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.False(_turns.IsAlive);
        _turns.GiveBack();
        Assert.True(_turns.IsAlive);
    }

    /// <summary>A file system check of hours tells how far it is.</summary>
    [Fact]
    public void IsAliveAsLongAsThereIsProgress()
    {
        Assert.True(_turns.TryTake());
        for (int i = 0; i < 10; i++)
        {
            _clock.Advance(VolumeTurns.LongestSilence / 2);
            _turns.NoteProgress();
            Assert.True(_turns.IsAlive);
        }

        _clock.Advance(VolumeTurns.LongestSilence + TimeSpan.FromSeconds(1));
        Assert.False(_turns.IsAlive);
    }

    [Fact]
    public void ProgressShortensNoLimit()
    {
        Assert.True(_turns.TryTake());
        _turns.Allow(TimeSpan.FromDays(1));
        _turns.NoteProgress();
        _clock.Advance(TimeSpan.FromHours(20));
        Assert.True(_turns.IsAlive);
    }

    [Fact]
    public void IsAliveForEverWhereTheKernelIsWaitedFor()
    {
        Assert.True(_turns.TryTake());
        _turns.Allow(Timeout.InfiniteTimeSpan);
        _clock.Advance(TimeSpan.FromDays(30));
        Assert.True(_turns.IsAlive);
    }

    [Fact]
    public async Task ClosedNobodyHasTheTurnNotEvenWhoWaitedForIt()
    {
        await _turns.TakeForLockAsync(TestContext.Current.CancellationToken);
        Task<bool> unlock = _turns.TryTakeAsync(Timeout.InfiniteTimeSpan);
        Task locking = _turns.TakeForLockAsync(TestContext.Current.CancellationToken);
        _turns.Close();
        _turns.GiveBack();

        Assert.False(await unlock);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => locking);
        Assert.False(_turns.TryTake());
        _turns.Open();
        Assert.True(_turns.TryTake());
    }

    public void Dispose() => _turns.Dispose();

    private sealed class Clock : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now;

        internal void Advance(TimeSpan time) => _now += (long)(time.TotalSeconds * TimestampFrequency);
    }
}
