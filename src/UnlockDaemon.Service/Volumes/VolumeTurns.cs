namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Whose turn it is with a volume: one at a time. A lock ends a start of services or a grow, a panic ends locks too.
/// </summary>
/// <param name="time">Measures how long whoever has the turn takes.</param>
internal sealed class VolumeTurns(TimeProvider time) : IDisposable
{
    /// <summary>
    /// Who has the turn, has no limit of its own, and has not been heard of for so long, is at work no more. A key
    /// derivation on a slow machine and a look through a large XFS file system are over by then; e2fsck tells how far it
    /// is.
    /// </summary>
    internal static readonly TimeSpan LongestSilence = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private CancellationTokenSource _interruptible = new();
    private CancellationTokenSource _locks = new();
    private int _waitingLocks;
    private int _panics;
    private long _dueBy = long.MaxValue;
    private volatile bool _isClosed;

    /// <summary>How many panics there were. Work that began before the last one must not go on.</summary>
    internal int Panics => Volatile.Read(ref _panics);

    /// <summary>Cancelled by the next panic.</summary>
    internal CancellationToken NextPanic => Volatile.Read(ref _locks).Token;

    /// <summary>Whether the turn can be had, or whoever has it is within its limit. If not, it is lost for good.</summary>
    internal bool IsAlive
    {
        get
        {
            if (!_turn.Wait(0))
                return time.GetTimestamp() <= Volatile.Read(ref _dueBy);
            _turn.Release();
            return true;
        }
    }

    /// <summary>Whether nobody can have the turn any more, as the daemon ends.</summary>
    internal bool IsClosed => _isClosed;

    /// <summary>Takes the turn if nobody has it.</summary>
    internal bool TryTake() => _turn.Wait(0) && TryBegin();

    /// <summary>Takes the turn if it is given back in time.</summary>
    internal async Task<bool> TryTakeAsync(TimeSpan patience) => await _turn.WaitAsync(patience) && TryBegin();

    /// <summary>Says how long it may take from now; only who has the turn may call it.</summary>
    /// <param name="limit">How long; infinite where only the kernel can say.</param>
    internal void Allow(TimeSpan limit) => Volatile.Write(ref _dueBy, limit == Timeout.InfiniteTimeSpan
        ? long.MaxValue
        : time.GetTimestamp() + (long)(limit.TotalSeconds * time.TimestampFrequency));

    /// <summary>Says that whoever has the turn has been heard of.</summary>
    internal void NoteProgress()
    {
        long due = Volatile.Read(ref _dueBy);
        Allow(LongestSilence);
        if (due > Volatile.Read(ref _dueBy))
            Volatile.Write(ref _dueBy, due);
    }

    /// <summary>Nobody has the turn from now on, not even who waits for it: the daemon ends.</summary>
    internal void Close() => _isClosed = true;

    /// <summary>For the last lock: everybody else is gone.</summary>
    internal void Open() => _isClosed = false;

    /// <summary>Takes the turn for a lock: a start or a grow that has it is told to end.</summary>
    /// <exception cref="OperationCanceledException">It was not given back before.</exception>
    internal async Task TakeForLockAsync(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _waitingLocks);
        try
        {
            await _interruptible.CancelAsync();
            await _turn.WaitAsync(cancellation);
            if (!TryBegin())
                throw new OperationCanceledException("the daemon ends");
        }
        finally
        {
            Interlocked.Decrement(ref _waitingLocks);
        }
    }

    /// <summary>Begins what a lock may end; only who has the turn may call it.</summary>
    /// <returns>Cancelled by the next lock, by a panic, or already, where a lock waits for the turn.</returns>
    internal CancellationToken BeginInterruptible()
    {
        CancellationTokenSource begun = new();
        // A full fence: the lock that is not seen to wait below sees the new source.
        _ = Interlocked.Exchange(ref _interruptible, begun);
        if (_waitingLocks > 0)
            begun.Cancel();
        return begun.Token;
    }

    /// <summary>Before the key is wiped: an unlock under way sees this, or the wiping sees its key.</summary>
    internal void BeginPanic() => Interlocked.Increment(ref _panics);

    /// <summary>Has everybody end who can.</summary>
    internal async Task EndAllAsync()
    {
        await _interruptible.CancelAsync();
        await Interlocked.Exchange(ref _locks, new CancellationTokenSource()).CancelAsync();
    }

    /// <summary>Lets the next one have the turn.</summary>
    internal void GiveBack()
    {
        Allow(Timeout.InfiniteTimeSpan);
        _turn.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _turn.Dispose();
        _interruptible.Dispose();
        _locks.Dispose();
    }

    private bool TryBegin()
    {
        if (_isClosed)
        {
            _turn.Release();
            return false;
        }

        Allow(LongestSilence);
        return true;
    }
}
