namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>A call to the kernel that takes its time; what it does, it does at its end.</summary>
internal abstract class SimulatedCall
{
    /// <summary>Told when it is over.</summary>
    internal Action? Finished { get; set; }

    /// <summary>Ends it without any effect, unless it waits for the disk: there nothing can end it.</summary>
    internal abstract void Lose();
}

/// <inheritdoc/>
/// <typeparam name="T">What it gives.</typeparam>
internal sealed class SimulatedCall<T>(World world, SimulatedStrand caller) : SimulatedCall
{
    private readonly TaskCompletionSource<T> _answer = new();
    private CancellationTokenRegistration _registration;
    private Simulation.Due? _end;
    private bool _isParked;

    /// <summary>Whether it cannot come back now.</summary>
    internal required Func<bool> WaitsForDisk { get; init; }

    /// <summary>What it does.</summary>
    internal required Func<T> Work { get; set; }

    /// <summary>Whether it comes to its end even if the caller is dead.</summary>
    internal bool OutlivesCaller { get; init; }

    /// <summary>Whether the wait for it ends when it is told to end; if not, it ends as soon as it can.</summary>
    internal bool CanBeLeft { get; init; } = true;

    /// <summary>What whoever waited is told when it is given up on; null for a look: that is cancelled.</summary>
    internal Func<SimulatedCall<T>, T>? WhenGivenUp { get; init; }

    /// <summary>Begins it.</summary>
    internal Task<T> Begin(TimeSpan duration, CancellationToken cancellation)
    {
        _end = world.Simulation.After(duration, End);
        _registration = cancellation.UnsafeRegister(
            static (call, token) => ((SimulatedCall<T>)call!).GiveUp(token), this);
        return _answer.Task;
    }

    /// <summary>Ends it without any effect.</summary>
    internal void Drop()
    {
        _end?.Cancel();
        Unpark();
    }

    /// <inheritdoc/>
    internal override void Lose()
    {
        if (!_isParked)
            _end?.Cancel();
    }

    private void End()
    {
        if (WaitsForDisk())
        {
            if (!_isParked)
                world.DiskChanged += GoOn;
            _isParked = true;
            return;
        }

        Unpark();
        if (caller.IsDead && !OutlivesCaller)
            return;
        T result = Work();
        _registration.Dispose();
        if (caller.IsDead)
            return;
        _answer.TrySetResult(result);
        Finished?.Invoke();
    }

    private void GoOn()
    {
        if (WaitsForDisk())
            return;
        Unpark();
        _end = world.Simulation.After(TimeSpan.FromMilliseconds(10), End);
    }

    private void Unpark()
    {
        if (_isParked)
            world.DiskChanged -= GoOn;
        _isParked = false;
    }

    private void GiveUp(CancellationToken token)
    {
        if (caller.IsDead || _answer.Task.IsCompleted)
            return;
        if (WhenGivenUp is { } answer)
        {
            T given = answer(this);
            if (CanBeLeft)
            {
                _answer.TrySetResult(given);
                return;
            }

            Work = () => given;
            // What waits for the disk hears nothing before that is back.
            if (_isParked)
                return;
            _end!.Cancel();
            _end = world.Simulation.After(TimeSpan.FromMilliseconds(10), End);
            return;
        }

        Drop();
        _answer.TrySetCanceled(token);
    }
}
