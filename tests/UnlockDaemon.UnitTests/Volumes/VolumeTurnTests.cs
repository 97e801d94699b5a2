using UnlockDaemon.Service.Volumes;
using Xunit;

namespace UnlockDaemon.UnitTests.Volumes;

public sealed class VolumeTurnTests
{
    private readonly Clock _clock = new();
    private readonly VolumeTurn _turn;

    public VolumeTurnTests() => _turn = new VolumeTurn(_clock);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GoesRoundInTheOrderInWhichTheyCame()
    {
        VolumeTurn.Lease first = _turn.TryTake()!;
        Task<VolumeTurn.Lease?> second = _turn.TakeAsync(Cancellation);
        Task<VolumeTurn.Lease?> third = _turn.TakeAsync(Cancellation);
        Assert.Null(_turn.TryTake());
        first.Dispose();
        using (VolumeTurn.Lease? lease = await second)
        {
            Assert.NotNull(lease);
            Assert.False(third.IsCompleted);
        }

        Assert.NotNull(await third);
    }

    [Fact]
    public async Task WhoNoLongerWaitsIsPassedOver()
    {
        VolumeTurn.Lease first = _turn.TryTake()!;
        using CancellationTokenSource impatient = new();
        Task<VolumeTurn.Lease?> gone = _turn.TakeAsync(impatient.Token);
        Task<VolumeTurn.Lease?> next = _turn.TakeAsync(Cancellation);
        await impatient.CancelAsync();
        Assert.Null(await gone);
        first.Dispose();
        Assert.NotNull(await next);
    }

    [Fact]
    public async Task HandedOverItComesBackWithTheWorkWhateverBecomesOfThat()
    {
        TaskCompletionSource work = new();
        Task handedOver;
        using (VolumeTurn.Lease lease = _turn.TryTake()!)
            handedOver = lease.HandOverAsync(work.Task);
        Assert.False(_turn.IsFree);
        work.SetException(new IOException());
        await Assert.ThrowsAsync<IOException>(() => handedOver);
        Assert.True(_turn.IsFree);
    }

    /// <summary>A lease that is given back twice, or late, takes nobody else's turn away.</summary>
    [Fact]
    public void AnOldLeaseEndsNobodyElsesTurn()
    {
        VolumeTurn.Lease old = _turn.TryTake()!;
        old.Dispose();
        using VolumeTurn.Lease present = _turn.TryTake()!;
        old.Dispose();
        Assert.False(_turn.IsFree);
    }

    /// <summary>A lock of ten minutes is at work for ten minutes, and lost after that.</summary>
    [Fact]
    public void IsAliveWithinTheLimitOfWhoeverHasIt()
    {
        using (VolumeTurn.Lease lease = _turn.TryTake()!)
        {
            lease.Allow(TimeSpan.FromMinutes(10));
            _clock.Advance(TimeSpan.FromMinutes(9));
            Assert.True(_turn.IsAlive);
            _clock.Advance(TimeSpan.FromMinutes(2));
            Assert.False(_turn.IsAlive);
        }

        Assert.True(_turn.IsAlive);
    }

    /// <summary>A file system check of hours tells how far it is.</summary>
    [Fact]
    public void IsAliveAsLongAsThereIsProgress()
    {
        using VolumeTurn.Lease lease = _turn.TryTake()!;
        for (int i = 0; i < 10; i++)
        {
            _clock.Advance(VolumeTurn.LongestSilence / 2);
            _turn.NoteProgress();
            Assert.True(_turn.IsAlive);
        }

        _clock.Advance(VolumeTurn.LongestSilence + TimeSpan.FromSeconds(1));
        Assert.False(_turn.IsAlive);
    }

    [Fact]
    public void ProgressShortensNoLimit()
    {
        using VolumeTurn.Lease lease = _turn.TryTake()!;
        lease.Allow(TimeSpan.FromDays(1));
        _turn.NoteProgress();
        _clock.Advance(TimeSpan.FromHours(20));
        Assert.True(_turn.IsAlive);
    }

    [Fact]
    public void IsAliveForEverWhereTheKernelIsWaitedFor()
    {
        using VolumeTurn.Lease lease = _turn.TryTake()!;
        lease.Allow(Timeout.InfiniteTimeSpan);
        _clock.Advance(TimeSpan.FromDays(30));
        Assert.True(_turn.IsAlive);
    }

    [Fact]
    public async Task ClosedNobodyHasItNotEvenWhoWaitedForIt()
    {
        VolumeTurn.Lease lease = _turn.TryTake()!;
        Task<VolumeTurn.Lease?> unlock = _turn.TakeAsync(Cancellation);
        _turn.IsClosed = true;
        lease.Dispose();
        Assert.Null(await unlock);
        Assert.Null(_turn.TryTake());
        _turn.IsClosed = false;
        Assert.NotNull(_turn.TryTake());
    }

    private sealed class Clock : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now;

        internal void Advance(TimeSpan time) => _now += (long)(time.TotalSeconds * TimestampFrequency);
    }
}
