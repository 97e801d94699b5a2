using System.Runtime.CompilerServices;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>
/// One thread and a virtual clock. What was posted is done in the order in which it came; when there is nothing more to
/// do, the clock goes on to what is due next. So the same seed gives the same history, to the last callback.
/// </summary>
internal sealed class Simulation
{
    // More than this no history needs: two pieces of code keep each other awake.
    private const int MostEvents = 200_000;

    private readonly Queue<(SimulatedStrand Strand, SendOrPostCallback Callback, object? State)> _ready = new();
    private readonly PriorityQueue<Due, (long At, long Order)> _later = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;
    private int _events;

    /// <summary>The monotonic clock, in ticks since the machine was booted.</summary>
    internal long Now { get; private set; } = TimeSpan.FromHours(1).Ticks;

    /// <summary>Whether nothing is left to do before the clock goes on.</summary>
    internal bool IsIdle => _ready.Count == 0;

    /// <summary>What the clock on the wall was put forward by.</summary>
    internal TimeSpan WallStep { get; set; }

    /// <summary>A number made of all that happened: two runs with the same number were the same.</summary>
    internal ulong Hash { get; private set; } = 14695981039346656037;

    /// <summary>What happened, in lines; null when nobody wants to read it.</summary>
    internal List<string>? Story { get; init; }

    /// <summary>The first thing that was not as it must be; null as long as all is well.</summary>
    internal Violation? Violation { get; private set; }

    /// <summary>Called after every callback and every change of the clock.</summary>
    internal Action? AfterEvent { get; set; }

    /// <summary>Does something on a strand, after all that was posted before.</summary>
    internal void Post(SimulatedStrand strand, SendOrPostCallback callback, object? state)
    {
        CheckThread();
        _ready.Enqueue((strand, callback, state));
    }

    /// <summary>Does something after a while, unless it is cancelled before.</summary>
    /// <param name="delay">The while.</param>
    /// <param name="action">What.</param>
    /// <param name="owner">Nothing is done once this one is dead; null for what belongs to the machine.</param>
    internal Due After(TimeSpan delay, Action action, SimulatedStrand? owner = null)
    {
        CheckThread();
        Due due = new(action, owner);
        _later.Enqueue(due, (Now + Math.Max(0, delay.Ticks), _order++));
        return due;
    }

    /// <summary>Runs until something is so, or nothing is left to do, or a violation was found.</summary>
    internal void RunUntil(Func<bool> isEnough)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            while (Violation is null && !isEnough() && RunOne())
                AfterEvent?.Invoke();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>Says that something is not as it must be; the first one counts.</summary>
    internal void Violate(string property, string text)
    {
        Tell($"VIOLATED {property}: {text}");
        Violation ??= new Violation(property, text);
    }

    /// <summary>Adds a line to the story.</summary>
    internal void Tell([InterpolatedStringHandlerArgument("")] StoryLine line)
    {
        Mix((ulong)Now);
        Story?.Add($"{TimeSpan.FromTicks(Now).TotalSeconds,12:0.000} {line.Text}");
    }

    private bool RunOne()
    {
        if (++_events > MostEvents)
            Violate("nothing spins", $"{MostEvents} events, and no end");
        if (_ready.TryDequeue(out (SimulatedStrand Strand, SendOrPostCallback Callback, object? State) posted))
        {
            posted.Strand.Do(posted.Callback, posted.State);
            Mix(1);
            return true;
        }

        while (_later.TryDequeue(out Due? due, out (long At, long Order) when))
        {
            if (due.IsOver)
                continue;
            Now = when.At;
            due.Do();
            Mix((ulong)Now);
            return true;
        }

        return false;
    }

    /// <summary>Whatever comes from another thread makes the run another one each time.</summary>
    private void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread)
            Violate("one thread", $"thread {Environment.CurrentManagedThreadId} came in: {Environment.StackTrace}");
    }

    private void Mix(ulong value) => Hash = (Hash ^ value) * 1099511628211;

    /// <summary>Something that is due at a time.</summary>
    internal sealed class Due(Action action, SimulatedStrand? owner)
    {
        private Action? _action = action;

        /// <summary>Whether it is done, cancelled, or its owner is dead.</summary>
        internal bool IsOver => _action is null || owner is { IsDead: true };

        /// <summary>Does it now.</summary>
        internal void Do()
        {
            Action? action = _action;
            _action = null;
            action?.Invoke();
        }

        /// <summary>Does it never.</summary>
        internal void Cancel() => _action = null;
    }
}

/// <summary>Something that is not as it must be.</summary>
/// <param name="Property">Which property does not hold.</param>
/// <param name="Text">What was seen.</param>
internal sealed record Violation(string Property, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Property}: {Text}";
}
