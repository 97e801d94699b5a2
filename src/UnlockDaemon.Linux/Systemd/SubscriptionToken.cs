namespace UnlockDaemon.Linux.Systemd;

/// <summary>Ends a subscription, once.</summary>
internal sealed class SubscriptionToken(Action end) : IDisposable
{
    private Action? _end = end;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}
