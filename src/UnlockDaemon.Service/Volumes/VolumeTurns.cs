namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Whose turn it is with a volume: one at a time. A lock ends a start of services or a grow, a panic ends locks too.
/// </summary>
internal sealed class VolumeTurns : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private CancellationTokenSource _interruptible = new();
    private CancellationTokenSource _locks = new();
    private int _waitingLocks;
    private int _panics;

    /// <summary>How many panics there were. Work that began before the last one must not go on.</summary>
    internal int Panics => Volatile.Read(ref _panics);

    /// <summary>Cancelled by the next panic.</summary>
    internal CancellationToken NextPanic => Volatile.Read(ref _locks).Token;

    /// <summary>Takes the turn if nobody has it.</summary>
    internal bool TryTake() => _turn.Wait(0);

    /// <summary>Takes the turn if it is given back in time.</summary>
    internal Task<bool> TryTakeAsync(TimeSpan patience) => _turn.WaitAsync(patience);

    /// <summary>Takes the turn for a lock: a start or a grow that has it is told to end.</summary>
    /// <exception cref="OperationCanceledException">It was not given back before.</exception>
    internal async Task TakeForLockAsync(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _waitingLocks);
        try
        {
            await _interruptible.CancelAsync();
            await _turn.WaitAsync(cancellation);
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
    internal void GiveBack() => _turn.Release();

    /// <inheritdoc/>
    public void Dispose()
    {
        _turn.Dispose();
        _interruptible.Dispose();
        _locks.Dispose();
    }
}
