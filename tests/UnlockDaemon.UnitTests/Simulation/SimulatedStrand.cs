using UnlockDaemon.Service.Units;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>
/// A strand whose callbacks the simulation runs, all on its one thread. It dies with the daemon it belongs to: what was
/// posted to it by then is never done.
/// </summary>
internal sealed class SimulatedStrand(Simulation simulation) : Strand
{
    /// <summary>Whether the process it belongs to has ended.</summary>
    internal bool IsDead { get; private set; }

    // Whoever waits is on a strand of the simulation too: nothing goes to the thread pool.
    /// <inheritdoc/>
    protected override TaskCreationOptions Continuations => TaskCreationOptions.None;

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!IsDead)
            simulation.Post(this, d, state);
    }

    /// <summary>Ends it for good.</summary>
    internal void Kill() => IsDead = true;

    /// <summary>Runs a callback as the strand does.</summary>
    internal void Do(SendOrPostCallback callback, object? state)
    {
        if (IsDead)
            return;
        SetSynchronizationContext(this);
        try
        {
            callback(state);
        }
        finally
        {
            SetSynchronizationContext(null);
        }
    }
}
