namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>The clocks of one process in the simulation; its timers die with it.</summary>
internal sealed class SimulatedTime(Simulation simulation, SimulatedStrand owner) : TimeProvider
{
    private static readonly DateTimeOffset s_boot = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() => simulation.Now;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => s_boot + TimeSpan.FromTicks(simulation.Now) + simulation.WallStep;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(simulation, owner, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Simulation simulation, SimulatedStrand owner, Action callback) : ITimer
    {
        private Simulation.Due? _due;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _due?.Cancel();
            _due = dueTime == Timeout.InfiniteTimeSpan ? null : simulation.After(dueTime, callback, owner);
            return true;
        }

        public void Dispose() => _due?.Cancel();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
