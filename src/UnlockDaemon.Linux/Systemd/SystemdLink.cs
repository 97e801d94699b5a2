namespace UnlockDaemon.Linux.Systemd;

/// <summary>What lasts while sessions come and go with the bus: the subscriptions, and the way to a session.</summary>
internal sealed class SystemdLink : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _disposed = new();
    private Subscription[] _subscriptions = [];
    private SystemdSession? _session;
    private volatile bool _restoring;

    /// <summary>The session, or a new one if there is none any more.</summary>
    internal SystemdSession Session
    {
        get
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
                if (_session is null or { IsLost: true })
                    _session = new SystemdSession(() => _subscriptions, Lost);
                return _session;
            }
        }
    }

    /// <summary>Hands signals to a subscription from now on, in all sessions.</summary>
    internal void Add(Subscription subscription)
    {
        lock (_lock)
            _subscriptions = [.. _subscriptions, subscription];
    }

    /// <summary>Ends a subscription.</summary>
    internal void Remove(Subscription subscription)
    {
        lock (_lock)
        {
            _subscriptions = Array.FindAll(_subscriptions, other => other != subscription);
            _session?.Forget(subscription);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed.Cancel();
            _session?.Dispose();
        }
    }

    private void Lost(SystemdSession session)
    {
        lock (_lock)
        {
            if (session != _session || _subscriptions.Length == 0 || _restoring || _disposed.IsCancellationRequested)
                return;
            _restoring = true;
        }

        _ = RestoreAsync(_disposed.Token);
    }

    /// <summary>Connects again for those who follow something: until the bus is back, ever less often.</summary>
    private async Task RestoreAsync(CancellationToken cancellationToken)
    {
        TimeSpan pause = FirstPause;
        while (_restoring && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                SystemdSession session = Session;
                await session.Present.WaitAsync(cancellationToken);
                lock (_lock)
                    _restoring = session.IsLost;
            }
            catch (Exception exception)
                when (exception is LinuxException or OperationCanceledException or ObjectDisposedException)
            {
                // Not yet, or not any more.
            }
        }
    }
}
