using Microsoft.Extensions.Logging.Abstractions;
using UnlockDaemon.Service.Parts;
using UnlockDaemon.Service.Units;
using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>One run of the daemon: all that a process has, and that is gone when it is killed.</summary>
internal sealed class SimulatedDaemon : IDisposable
{
    private readonly TaskCompletionSource _end = new();
    private readonly Background _background = new(NullLogger.Instance);
    private readonly ServiceSet _services;

    internal SimulatedDaemon(World world, UnlockdConfiguration configuration, string stateDirectory)
    {
        Configuration = configuration;
        Strand = new SimulatedStrand(world.Simulation);
        SimulatedTime time = new(world.Simulation, Strand);
        Machine = new SimulatedMachine(world, configuration, Strand);
        _services = new ServiceSet(configuration.Services,
            new SimulatedServices(world, configuration.Services, Strand), Strand, time, NullLogger.Instance);
        Volume = new Volume(configuration, stateDirectory, _services, Machine, Strand, time, new EventHub(),
            _background, NullLogger.Instance);
    }

    internal UnlockdConfiguration Configuration { get; }

    internal SimulatedStrand Strand { get; }

    internal SimulatedMachine Machine { get; }

    internal Volume Volume { get; }

    internal bool IsAlive => !Strand.IsDead;

    /// <summary>How a service does, as this daemon sees it.</summary>
    internal ServiceState StateOf(string service) =>
        _services.Current.First(status => status.Name == service).State;

    internal bool AreAllReady => _services.AreAllReady;

    /// <summary>Waits for an answer.</summary>
    /// <returns>Whether it came; not if the daemon ended before.</returns>
    internal async Task<bool> AnswersAsync(Task task) =>
        await Task.WhenAny(task, _end.Task) == task && IsAlive;

    /// <summary>The process is gone, with all that was only in it.</summary>
    public void Dispose()
    {
        if (!IsAlive)
            return;
        Strand.Kill();
        _services.Dispose();
        Volume.Dispose();
        _background.Dispose();
        _end.SetResult();
    }
}
