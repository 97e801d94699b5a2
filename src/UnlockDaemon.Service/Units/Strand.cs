namespace UnlockDaemon.Service.Units;

/// <summary>
/// One line of work: whatever is begun on it, and all that comes after an await there, runs one piece after the other.
/// What lives on it needs no locks. Nothing on it may wait but by await.
/// </summary>
internal class Strand : SynchronizationContext
{
    private readonly Lock _lock = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private bool _isRunning;

    /// <summary>How whoever waits for work goes on: not on the strand, unless they live there.</summary>
    protected virtual TaskCreationOptions Continuations => TaskCreationOptions.RunContinuationsAsynchronously;

    /// <summary>Does something there.</summary>
    /// <param name="work">The work; begun after all that was asked for before.</param>
    internal Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        TaskCompletionSource<T> done = new(Continuations);
        Post(() =>
        {
            Task<T> begun = Begin(work);
            begun.GetAwaiter().UnsafeOnCompleted(() => done.SetFromTask(begun));
        });
        return done.Task;
    }

    /// <summary>Does something there.</summary>
    /// <param name="work">The work.</param>
    internal Task RunAsync(Func<Task> work) => RunAsync(async () =>
    {
        await work();
        return true;
    });

    /// <summary>Does something there that takes no time.</summary>
    /// <param name="work">The work; must not throw.</param>
    internal void Post(Action work) => Post(static work => ((Action)work!)(), work);

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_lock)
        {
            _queue.Enqueue((d, state));
            if (_isRunning)
                return;
            _isRunning = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static strand => strand.Drain(), this, preferLocal: false);
    }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("nobody waits for a strand but by await");

    private static Task<T> Begin<T>(Func<Task<T>> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure)
        {
            return Task.FromException<T>(failure);
        }
    }

    private void Drain()
    {
        SynchronizationContext? before = Current;
        SetSynchronizationContext(this);
        try
        {
            while (TryTake(out (SendOrPostCallback Callback, object? State) next))
                next.Callback(next.State);
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    private bool TryTake(out (SendOrPostCallback Callback, object? State) next)
    {
        lock (_lock)
            return _isRunning = _queue.TryDequeue(out next);
    }
}
