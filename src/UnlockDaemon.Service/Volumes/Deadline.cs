namespace UnlockDaemon.Service.Volumes;

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

    /// <summary>Whether it is over.</summary>
    internal bool IsOver => _either.IsCancellationRequested;

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _clock.Dispose();
    }
}
