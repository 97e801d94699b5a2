using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>
/// Plays histories by seed. UNLOCKD_HISTORIES says how many, UNLOCKD_FIRST_SEED which is the first.
/// </summary>
[Collection(HistoryCollection.Name)]
public sealed class HistoryTests(ITestOutputHelper output)
{
    private const int Usual = 100_000;
    private const int MostKinds = 20;

    [Fact]
    public void WhateverHappensThePropertiesHold()
    {
        int count = (int)Read("UNLOCKD_HISTORIES", Usual);
        ulong first = (ulong)Read("UNLOCKD_FIRST_SEED", 1);
        long begun = Stopwatch.GetTimestamp();
        Dictionary<string, (int Count, ulong Seed)> failures = PlayAll(first, count);
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        output.WriteLine($"{count} histories in {seconds:0.0} s, {count / seconds:0} a second, "
            + $"{failures.Values.Sum(static one => one.Count)} with a violation");
        foreach ((string property, (int times, ulong seed)) in failures)
            output.WriteLine($"\n{times} times: {Describe(seed, property)}");
        Assert.Empty(failures.Keys);
    }

    [Fact]
    public void TheSameSeedGivesTheSameHistory()
    {
        for (ulong seed = 1; seed <= 200; seed++)
        {
            Simulation once = HistoryRun.Play(History.Throw(seed), tells: true);
            Simulation again = HistoryRun.Play(History.Throw(seed), tells: true);
            Assert.Equal(once.Story, again.Story);
            Assert.Equal(once.Hash, again.Hash);
            Assert.NotEqual("one thread", once.Violation?.Property);
        }
    }

    /// <summary>Each processor plays histories of its own, on a thread that does nothing else.</summary>
    private static Dictionary<string, (int Count, ulong Seed)> PlayAll(ulong first, int count)
    {
        Dictionary<string, (int Count, ulong Seed)> failures = [];
        int next = 0;
        Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            int mine;
            while ((mine = Interlocked.Increment(ref next) - 1) < count)
            {
                ulong seed = first + (ulong)mine;
                if (HistoryRun.Play(History.Throw(seed)).Violation is not { Property: var property })
                    continue;
                lock (failures)
                {
                    (int times, ulong known) = failures.GetValueOrDefault(property, (0, ulong.MaxValue));
                    if (failures.Count < MostKinds || times > 0)
                        failures[property] = (times + 1, Math.Min(seed, known));
                }
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        return failures;
    }

    private static string Describe(ulong seed, string property)
    {
        History shortest = Shrinking.Shrink(History.Throw(seed), property);
        Simulation seen = HistoryRun.Play(shortest, tells: true);
        return $"{seen.Violation}\n{shortest}\n{string.Join('\n', seen.Story!)}";
    }

    private static long Read(string name, long usual) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out long number)
            ? number
            : usual;
}
