using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.UnitTests.Simulation;

namespace UnlockDaemon.Conformance;

/// <summary>The simulated machine.</summary>
internal sealed class SimulatedStage : IStage
{
    // Longer than udev has a device open that has changed.
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(1.5);

    private Simulation _simulation = null!;
    private World _world = null!;
    private SimulatedStrand _strand = null!;
    private SimulatedMachine _machine = null!;

    /// <inheritdoc/>
    public Task BeginAsync(UnlockdConfiguration configuration)
    {
        _simulation = new Simulation();
        _world = new World(_simulation, []);
        foreach (SimulatedFile file in _world.Files)
            file.Size = Move.ContainerSize;
        StartDaemon(configuration);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RestartAsync(UnlockdConfiguration configuration)
    {
        _strand.Kill();
        StartDaemon(configuration);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<StepResult> DoAsync(Step step) =>
        RunAsync(() => _machine.DoAsync(step, static (_, _) => { }, CancellationToken.None));

    /// <inheritdoc/>
    public Task<bool> DoAsync(StrangersAct act)
    {
        if (act != StrangersAct.Wait)
            return Task.FromResult(SimulatedHand.Do(act, _world));
        Pass(Move.KeyLife + s_rest);
        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public Task<Snapshot> LookAsync()
    {
        Pass(s_rest);
        return RunAsync(() => _machine.ObserveAsync(IStage.Everything, CancellationToken.None));
    }

    private void StartDaemon(UnlockdConfiguration configuration)
    {
        _strand = new SimulatedStrand(_simulation);
        _machine = new SimulatedMachine(_world, configuration, _strand);
    }

    private void Pass(TimeSpan time)
    {
        bool isOver = false;
        _simulation.After(time, () => isOver = true);
        _simulation.RunUntil(() => isOver);
    }

    private async Task<T> RunAsync<T>(Func<Task<T>> begin)
    {
        Task<T> task = begin();
        _simulation.RunUntil(() => task.IsCompleted);
        return task.IsCompleted
            ? await task
            : throw new InvalidOperationException($"the simulation stands still: {_simulation.Violation}");
    }
}
