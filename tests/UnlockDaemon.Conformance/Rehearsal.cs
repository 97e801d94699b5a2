using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.UnitTests.Simulation;

namespace UnlockDaemon.Conformance;

/// <summary>Plays scenarios on a stage, and writes down what is seen after each move.</summary>
/// <param name="stage">The stage.</param>
/// <param name="transcript">Gets a line for each move.</param>
internal sealed class Rehearsal(IStage stage, TextWriter transcript)
{
    /// <summary>Plays one.</summary>
    internal async Task PlayAsync(Scenario scenario)
    {
        Portrait portrait = new();
        await stage.BeginAsync(Configure(scenario, World.PathA));
        int number = 0;
        foreach (Move move in scenario.Moves)
        {
            string end = await TryAsync(move, scenario);
            string seen = await TryLookAsync(portrait);
            await transcript.WriteLineAsync($"{scenario.Name}: {++number:00} {move.Words}: {end}; {seen}");
            await transcript.FlushAsync();
        }
    }

    private async Task<string> TryAsync(Move move, Scenario scenario)
    {
        if (move.Act is { } act)
            return await stage.DoAsync(act) ? "done" : "cannot be done";
        if (move.ToStep() is not { } step)
        {
            await stage.RestartAsync(
                Configure(scenario, move.Words == Move.Restart ? World.PathA : World.PathB));
            return "done";
        }

        try
        {
            StepResult result = await stage.DoAsync(step);
            return result.Fault is { } fault ? $"{result.End} {fault.Kind}" : result.End.ToString();
        }
        finally
        {
            (step as Step.Map)?.Secret?.Dispose();
            (step as Step.GrowMapping)?.Secret?.Dispose();
        }
    }

    private async Task<string> TryLookAsync(Portrait portrait)
    {
        try
        {
            return portrait.Draw(await stage.LookAsync());
        }
        catch (Exception failure) when (failure is Linux.LinuxException or OperationCanceledException)
        {
            return "cannot be looked at: " + failure.Message;
        }
    }

    private static UnlockdConfiguration Configure(Scenario scenario, string container) => new(
        new VolumeConfiguration(container, ContainerFormat.Luks, "/var/secure", FilesystemType.Ext4, [], null), [], [],
        LockConfiguration.Default with { KeepKey = scenario.KeepsKey ? Move.KeyLife : null },
        scenario.HasSwap ? new SwapConfiguration("/var/swap", Move.Piece) : null);
}
