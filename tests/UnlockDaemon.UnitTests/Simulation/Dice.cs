namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>Chance from a seed: SplitMix64. The same seed gives the same throws, in every release of .NET.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed * 0x9E3779B97F4A7C15 + 0x1234567;

    /// <summary>A number below a limit.</summary>
    internal int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>Whether something that happens so often in a hundred happens now.</summary>
    internal bool Percent(int often) => Below(100) < often;

    /// <summary>One of several.</summary>
    internal T Pick<T>(params ReadOnlySpan<T> from) => from[Below(from.Length)];

    /// <summary>A time up to a limit.</summary>
    internal TimeSpan UpTo(TimeSpan limit) => new((long)(Next() % (ulong)(limit.Ticks + 1)));

    private ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
