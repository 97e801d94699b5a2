using System.Threading.Channels;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Tells everything that happens to everybody who listens: the callers of the socket, the consoles, the log.
/// </summary>
public sealed class EventHub
{
    // A listener that does not read loses the oldest events, never holds up the daemon.
    private const int Backlog = 512;
    private readonly Lock _lock = new();
    private readonly List<Channel<News>> _listeners = [];

    /// <summary>Called at every step of a piece of work, on any thread; must not wait or throw.</summary>
    internal Action? Stepped { get; set; }

    /// <summary>Tells something that happened.</summary>
    /// <param name="happened">What.</param>
    public void Publish(News happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (happened.IsProgress)
            Stepped?.Invoke();
        lock (_lock)
        {
            foreach (Channel<News> listener in _listeners)
                listener.Writer.TryWrite(happened);
        }
    }

    /// <summary>Listens from this call on; events wait until they are read.</summary>
    /// <returns>The subscription; disposing it ends the reading.</returns>
    public Subscription Subscribe()
    {
        Channel<News> channel = Channel.CreateBounded<News>(
            new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_lock)
            _listeners.Add(channel);
        return new Subscription(this, channel);
    }

    /// <summary>One listener's events.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly EventHub _hub;
        private readonly Channel<News> _channel;

        internal Subscription(EventHub hub, Channel<News> channel)
        {
            _hub = hub;
            _channel = channel;
        }

        /// <summary>The events, until <see cref="Dispose"/>.</summary>
        /// <param name="cancellation">Ends the reading.</param>
        /// <returns>The events in order.</returns>
        public IAsyncEnumerable<News> ReadAsync(CancellationToken cancellation) =>
            _channel.Reader.ReadAllAsync(cancellation);

        /// <summary>Listens no more; what has come so far can still be read.</summary>
        public void Dispose()
        {
            lock (_hub._lock)
                _hub._listeners.Remove(_channel);
            _channel.Writer.TryComplete();
        }
    }
}
