using UnlockDaemon.Service.Units;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Whose turn it is to work on the volume: one at a time, in the order in which they came. Lives on the volume's strand.
/// </summary>
/// <param name="time">Measures how long whoever has the turn takes.</param>
internal sealed class VolumeTurn(TimeProvider time)
{
    /// <summary>
    /// Who has the turn, has no limit of its own, and has not been heard of for so long, is at work no more. A key
    /// derivation on a slow machine and a look through a large XFS file system are over by then; e2fsck tells how far it
    /// is.
    /// </summary>
    internal static readonly TimeSpan LongestSilence = TimeSpan.FromHours(1);

    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private object? _holder;
    private long _dueBy = long.MaxValue;

    /// <summary>Whether nobody has it.</summary>
    internal bool IsFree => _holder is null;

    /// <summary>Whether it can be had, or whoever has it is within its limit. If not, it is lost for good.</summary>
    internal bool IsAlive => IsFree || time.GetTimestamp() <= _dueBy;

    /// <summary>Whether nobody can have it any more, as the daemon ends.</summary>
    internal bool IsClosed { get; set; }

    /// <summary>Takes it if nobody has it.</summary>
    internal Lease? TryTake() => IsFree && !IsClosed ? Begin() : null;

    /// <summary>Takes it once it is given back.</summary>
    /// <param name="limit">Ends the wait.</param>
    /// <returns>Null when the wait was ended, or the daemon ends.</returns>
    internal async Task<Lease?> TakeAsync(CancellationToken limit)
    {
        while (!IsFree)
        {
            TaskCompletionSource mine = new();
            LinkedListNode<TaskCompletionSource> place = _waiting.AddLast(mine);
            await mine.Task.WaitAsync(limit).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (mine.Task.IsCompleted)
                continue;
            _waiting.Remove(place);
            return null;
        }

        return TryTake();
    }

    /// <summary>Says that whoever has it has been heard of.</summary>
    internal void NoteProgress() => Allow(LongestSilence, orLonger: true);

    private Lease Begin()
    {
        Lease lease = new(this);
        _holder = lease;
        Allow(LongestSilence);
        return lease;
    }

    private void Allow(TimeSpan limit, bool orLonger = false)
    {
        long due = limit == Timeout.InfiniteTimeSpan
            ? long.MaxValue
            : time.GetTimestampAfter(limit);
        _dueBy = orLonger ? Math.Max(due, _dueBy) : due;
    }

    private void GiveBack(Lease lease)
    {
        if (_holder != lease)
            return;
        _holder = null;
        _dueBy = long.MaxValue;
        if (_waiting.First is not { } next)
            return;
        _waiting.RemoveFirst();
        next.Value.SetResult();
    }

    /// <summary>The turn in somebody's hand; disposing of it gives it back.</summary>
    internal sealed class Lease(VolumeTurn turn) : IDisposable
    {
        private bool _isHandedOver;

        /// <summary>Says how long it may take from now.</summary>
        /// <param name="limit">How long; infinite where only the kernel can say.</param>
        internal void Allow(TimeSpan limit) => turn.Allow(limit);

        /// <summary>Gives it back when something has ended, and not before.</summary>
        /// <param name="work">What goes on; how it ends is its own affair.</param>
        internal async Task HandOverAsync(Task work)
        {
            _isHandedOver = true;
            try
            {
                await work;
            }
            finally
            {
                turn.GiveBack(this);
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (!_isHandedOver)
                turn.GiveBack(this);
        }
    }
}

/// <summary>A limit of time by the monotonic clock, or by a test's; also over when something else is.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _clock;
    private readonly CancellationTokenSource _either;

    /// <param name="limit">How long from now.</param>
    /// <param name="time">The clock.</param>
    /// <param name="others">Ends it earlier.</param>
    internal Deadline(TimeSpan limit, TimeProvider time, CancellationToken others = default)
    {
        _clock = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_clock.Token, others);
    }

    /// <summary>Cancelled when it is over.</summary>
    internal CancellationToken Token => _either.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _clock.Dispose();
    }
}
