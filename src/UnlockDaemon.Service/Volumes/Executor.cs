using UnlockDaemon.Protocol.Messages;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// Acts: does a step, with a limit, and looks again at what is there. Whatever a step throws is its result. Lives on the
/// volume's strand.
/// </summary>
/// <param name="machine">The machine.</param>
/// <param name="events">Told of each step.</param>
/// <param name="time">The clock.</param>
internal sealed class Executor(IMachine machine, EventHub events, TimeProvider time)
{
    // A look asks nobody who may not answer; a machine that is out of breath may still take its time.
    private static readonly TimeSpan s_lookLimit = TimeSpan.FromSeconds(30);

    /// <summary>The machine as it was found last.</summary>
    internal Snapshot Now { get; private set; } = new() { Container = new(ContainerKind.Missing, 0, 0, null, null) };

    /// <summary>Steps that were given up on and go on in the kernel.</summary>
    internal Task Hanging { get; private set; } = Task.CompletedTask;

    /// <summary>Looks anew.</summary>
    /// <param name="aspects">At what, beside the layers.</param>
    /// <param name="cancellation">Ends it before its own limit.</param>
    /// <exception cref="Linux.LinuxException">The kernel does not say.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    internal async Task<Snapshot> LookAsync(Aspects aspects, CancellationToken cancellation)
    {
        using Deadline limit = new(s_lookLimit, time, cancellation);
        return Now = await machine.ObserveAsync(aspects, limit.Token);
    }

    /// <summary>Does a step and looks again.</summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellation">Ends it, or the wait for it.</param>
    internal async Task<StepResult> DoAsync(Step step, CancellationToken cancellation)
    {
        StepResult result = await TryAsync(step, cancellation);
        await TryLookAsync();
        if (result.IsDone && Describe(step) is { } text)
            events.Publish(new News.StepTold(step.Layer, text));
        return result;
    }

    /// <summary>Does steps, one after the other, until one is not done.</summary>
    /// <param name="steps">The steps.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How the last one ended.</returns>
    internal async Task<StepResult> DoAllAsync(IEnumerable<Step> steps, CancellationToken cancellation)
    {
        foreach (Step step in steps)
        {
            if (cancellation.IsCancellationRequested)
                return new(StepEnd.Ended, new Fault(FaultKind.Late, "the time was over"));
            if (await DoAsync(step, cancellation) is { IsDone: false } failed)
                return failed;
        }

        return StepResult.Done;
    }

    /// <summary>Takes down what is up, top to bottom, whatever else there is.</summary>
    internal Task<StepResult> TakeDownAsync(CancellationToken cancellation) =>
        DoAllAsync(Plan.ToTakeDown(Now), cancellation);

    private async Task<StepResult> TryAsync(Step step, CancellationToken cancellation)
    {
        Task<StepResult> doing = machine.DoAsync(
            step, (text, layer) => events.Publish(
                step is Step.Check ? new News.CheckGoesOn(text) : new News.StepTold(layer ?? step.Layer, text)),
            cancellation);
        try
        {
            return await doing;
        }
        catch (Exception failure)
        {
            return StepResult.Failed(Fault.Of(failure));
        }
        finally
        {
            if (machine.Hanging is { IsCompleted: false } hanging)
                Hanging = hanging;
        }
    }

    /// <summary>Looks anew at the layers, or leaves it at what was seen last.</summary>
    internal async Task TryLookAsync()
    {
        try
        {
            await LookAsync(Aspects.Layers, CancellationToken.None);
        }
        catch (Exception failure) when (failure is Linux.LinuxException or OperationCanceledException)
        {
            // What was seen last counts until the next look says otherwise.
        }
    }

    private string? Describe(Step step) => step switch
    {
        Step.Unmount or Step.Unmap or Step.Detach => "down",
        Step.Attach or Step.Map or Step.Mount =>
            Now.Layers.FirstOrDefault(layer => layer.Name == step.Layer) is LayerInfo layer ? layer.Detail : null,
        _ => null,
    };
}
