using Xunit;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>
/// The histories take all processors and much locked memory: they are played by themselves, after all other tests.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HistoryCollection
{
    public const string Name = "histories";
}
