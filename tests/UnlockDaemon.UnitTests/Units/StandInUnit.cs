using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>A unit that the stand-in for systemd knows; by default it starts and stops at once.</summary>
internal sealed class StandInUnit(string name)
{
    private readonly Lock _lock = new();
    private readonly List<Action<UnitState>> _watchers = [];
    private int _run;

    internal UnitState State { get; private set; } =
        new() { Id = name, LoadState = "loaded", ActiveState = "inactive", SubState = "dead", ConditionResult = true };

    /// <summary>What a start job does; its result.</summary>
    internal Func<StandInUnit, CancellationToken, Task<string>> Start { get; set; } = static (unit, _) =>
    {
        unit.Become("active", "running");
        return Task.FromResult(JobResult.Done);
    };

    /// <summary>What a stop job does; its result.</summary>
    internal Func<StandInUnit, CancellationToken, Task<string>> Stop { get; set; } = static (unit, _) =>
    {
        unit.Become("inactive", "dead");
        return Task.FromResult(JobResult.Done);
    };

    internal void Become(string activeState, string subState, Func<UnitState, UnitState>? change = null)
    {
        lock (_lock)
        {
            UnitState state = State with { ActiveState = activeState, SubState = subState, Result = "success" };
            if (activeState == "activating" || (activeState == "active" && !State.IsActive))
                state = state with { InvocationId = $"{++_run:x32}" };
            State = change is null ? state : change(state);
            foreach (Action<UnitState> watcher in _watchers)
                watcher(State);
        }
    }

    /// <summary>Tells a state that is not, or no longer, the true one.</summary>
    internal void Tell(UnitState state)
    {
        lock (_lock)
            foreach (Action<UnitState> watcher in _watchers)
                watcher(state);
    }

    /// <summary>Takes on a state without telling.</summary>
    internal void BecomeSilently(UnitState state)
    {
        lock (_lock)
            State = state;
    }

    internal void Fail(string result) => Become("failed", "failed", state => state with { Result = result });

    internal void Watch(Action<UnitState> watcher)
    {
        lock (_lock)
        {
            _watchers.Add(watcher);
            watcher(State);
        }
    }
}
