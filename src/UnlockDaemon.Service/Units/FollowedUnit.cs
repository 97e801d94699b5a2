using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.Service.Units;

/// <summary>The newest known state of a unit, and waiting for it to change.</summary>
internal sealed class FollowedUnit
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = NewSource();
    private UnitState _state;

    /// <summary>Nothing is known yet.</summary>
    internal FollowedUnit(string unit) => _state = new UnitState { Id = unit };

    internal UnitState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    /// <summary>Takes a new state; called on the bus's thread.</summary>
    internal void Take(UnitState state)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _state = state;
            changed = _changed;
            _changed = NewSource();
        }

        changed.SetResult();
    }

    /// <summary>Waits until the state is another object than the one given.</summary>
    internal Task WaitForChangeAsync(UnitState known, CancellationToken cancellationToken)
    {
        lock (_lock)
            return ReferenceEquals(_state, known) ? _changed.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
    }

    /// <summary>Waits until the state is one that is wanted.</summary>
    internal async Task<UnitState> WaitUntilAsync(Func<UnitState, bool> wanted, CancellationToken cancellationToken)
    {
        UnitState state;
        while (!wanted(state = State))
            await WaitForChangeAsync(state, cancellationToken);
        return state;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
