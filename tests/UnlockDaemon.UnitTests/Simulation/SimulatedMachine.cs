using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>
/// The machine as one daemon has it. A step takes its time and has its effect at its end; one that the kernel cannot
/// end goes on when nobody waits for it any more, and even when the daemon is dead.
/// </summary>
internal sealed class SimulatedMachine(World world, UnlockdConfiguration configuration, SimulatedStrand strand)
    : IMachine
{
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_slowness = TimeSpan.FromSeconds(25);

    private readonly List<SimulatedCall> _calls = [];
    private int _givenUp;
    private BootMemory? _noted;
    private TaskCompletionSource _hanging = Completed();

    /// <inheritdoc/>
    public Task Hanging => _hanging.Task;

    /// <summary>Told before each step; for what a history wants to happen after so many.</summary>
    internal Action<Step>? Began { get; set; }

    /// <summary>Told of the effect of a step, and when it began.</summary>
    internal Action<Step, StepResult, long>? Ended { get; set; }

    /// <summary>Told of a look when it is taken.</summary>
    internal Action<Aspects>? Looked { get; set; }

    /// <inheritdoc/>
    public Task<Snapshot> ObserveAsync(Aspects aspects, CancellationToken cancellation)
    {
        SimulatedCall<Snapshot> look = new(world, strand)
        {
            WaitsForDisk = () => WorldView.NeedsDisk(aspects) && world.Disk == DiskCondition.Hung,
            Work = () =>
            {
                Looked?.Invoke(aspects);
                return WorldView.Observe(world, configuration, aspects);
            },
        };
        return look.Begin(aspects == Aspects.Layers ? s_glance : s_look, cancellation);
    }

    /// <inheritdoc/>
    public Task<StepResult> DoAsync(Step step, StepReport report, CancellationToken cancellation)
    {
        Began?.Invoke(step);
        // The emergency does not wait for anything.
        if (step is Step.WipeKeys)
            return Task.FromResult(Perform(step, Secret.None, world.Simulation.Now));
        Secret secret = step switch
        {
            Step.Map { Secret: { } given } => Read(given),
            Step.GrowMapping { Secret: { } given } => Read(given),
            _ => Secret.None,
        };
        long begun = world.Simulation.Now;
        SimulatedCall<StepResult> call = new(world, strand)
        {
            WaitsForDisk = () => world.Disk == DiskCondition.Hung && WorldSteps.NeedsDisk(step, world),
            Work = () => Perform(step, secret, begun),
            WhenGivenUp = call => GiveUp(call, step),
            OutlivesCaller = WorldSteps.IsOneCall(step),
            CanBeLeft = !WorldSteps.IsInterruptible(step),
        };
        if (cancellation.IsCancellationRequested && !WorldSteps.IsDoneInAnyCase(step))
            return Task.FromResult(TooLate(step));
        _calls.Add(call);
        call.Finished = () => _calls.Remove(call);
        bool isSlow = world.Disk == DiskCondition.Slow && WorldSteps.NeedsDisk(step, world);
        return call.Begin(WorldSteps.Duration(step) + (isSlow ? s_slowness : default), cancellation);
    }

    /// <summary>The process is killed; what it had the kernel do has no effect, unless it waits for the disk.</summary>
    internal void LoseCalls()
    {
        foreach (SimulatedCall call in _calls)
            call.Lose();
    }

    /// <inheritdoc/>
    public BootMemory? Recall() => _noted ?? world.Notes;

    /// <inheritdoc/>
    public void Remember(BootMemory memory)
    {
        if (strand.IsDead)
            return;
        _noted = memory;
        // An older one must not speak for it: then nothing is known, but that there was a daemon.
        world.Notes = world.AreNotesWritable || world.Notes is null ? memory : new BootMemory();
    }

    private static Secret Read(UnlockDaemon.Linux.Passphrase given) =>
        given.Length == 0 ? Secret.Wrong : given.Bytes[0] == (byte)'r' ? Secret.Right : Secret.Wrong;

    private static TaskCompletionSource Completed()
    {
        TaskCompletionSource source = new();
        source.SetResult();
        return source;
    }

    private StepResult Perform(Step step, Secret secret, long begun)
    {
        StepResult result = WorldSteps.Apply(step, world, configuration, secret);
        world.Simulation.Tell($"  {step.GetType().Name}: {result.End} {result.Reason}");
        Ended?.Invoke(step, result, begun);
        // udev looks into a device that has changed.
        if (result.IsDone && step is Step.Map or Step.Mount && world.Simulation.Now % 3 == 0)
            world.AddStranger("device", TimeSpan.FromSeconds(1));
        return result;
    }

    private StepResult GiveUp(SimulatedCall<StepResult> call, Step step)
    {
        world.Simulation.Tell($"  {step.GetType().Name}: ended");
        if (WorldSteps.IsInterruptible(step))
            return TooLate(step);
        // A mapping that comes when nobody waits for it any more is taken back at once.
        if (step is Step.Map)
            call.Work = () => TooLate(step);
        if (_givenUp++ == 0)
            _hanging = new TaskCompletionSource();
        call.Finished = () =>
        {
            _calls.Remove(call);
            if (--_givenUp == 0)
                _hanging.SetResult();
        };
        return TooLate(step);
    }

    private static StepResult TooLate(Step step) =>
        new(StepEnd.Ended, new Fault(FaultKind.Late, $"{step.Layer}: did not end in time"));
}
