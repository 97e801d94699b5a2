using UnlockDaemon.Service.Units;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>Something that a daemon does with a service; one at a time.</summary>
/// <param name="cancellation">Ends the wait for it.</param>
internal abstract class ServiceWork(CancellationToken cancellation)
{
    private readonly TaskCompletionSource<RunningService?> _answer = new();

    /// <summary>Null when it came to a good end.</summary>
    internal Task<RunningService?> Answer => _answer.Task;

    internal CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Ends it.</summary>
    internal void End(RunningService? left) => _answer.TrySetResult(left);

    /// <summary>Ends it as somebody wished.</summary>
    internal void Cancel() => _answer.TrySetCanceled(Cancellation);

    internal sealed class Observe(CancellationToken cancellation) : ServiceWork(cancellation);

    internal sealed class Start(CancellationToken cancellation) : ServiceWork(cancellation)
    {
        internal Simulation.Due? Limit { get; set; }
    }

    internal sealed class Stop(CancellationToken cancellation) : ServiceWork(cancellation)
    {
        /// <summary>Whether systemd has been asked.</summary>
        internal bool HasBegun { get; set; }

        /// <summary>Whether it waits for what the stop left.</summary>
        internal bool IsClearing { get; set; }
    }

    internal sealed class Kill(CancellationToken cancellation) : ServiceWork(cancellation);

    internal sealed class Block(string reason) : ServiceWork(CancellationToken.None)
    {
        internal string Reason { get; } = reason;
    }
}
