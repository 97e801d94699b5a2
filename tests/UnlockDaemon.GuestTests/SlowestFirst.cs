using UnlockDaemon.GuestTests;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(SlowestFirst))]

namespace UnlockDaemon.GuestTests;

/// <summary>
/// The collections that share a guest take longest: begun last, one would run on alone. With them comes that with the
/// Ganeti cluster, which mostly waits and leaves the processors to the others; next come the slowest of the classes
/// that boot guests of their own.
/// </summary>
/// <remarks>
/// All collections are queued by one thread, which takes from the end what it has queued, while others take from the
/// beginning; so the slowest are at both ends, and the quick ones in the middle.
/// </remarks>
public sealed class SlowestFirst : ITestCollectionOrderer
{
    private static readonly string[] s_begin =
        [GanetiCollection.Name, OtherVolumeCollection.Name, UnlockdCollection.Name];

    private static readonly string[] s_end =
    [
        typeof(PowerTests).FullName!, typeof(UpgradeTests).FullName!, typeof(SystemTests).FullName!,
        typeof(EmulatedGuestTests).FullName!, typeof(MigrationTests).FullName!, ContainerCollection.Name,
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections
            .OrderBy(static collection => Find(collection, s_end))
            .ThenBy(static collection => (uint)Find(collection, s_begin))];

    /// <summary>A class that is in no collection has one of its own: "Test collection for CLASS (id: ...)".</summary>
    private static int Find(ITestCollection collection, string[] names) => Array.FindIndex(names, name =>
        collection.TestCollectionDisplayName == name
        || collection.TestCollectionDisplayName.Contains($" {name} ", StringComparison.Ordinal));
}
