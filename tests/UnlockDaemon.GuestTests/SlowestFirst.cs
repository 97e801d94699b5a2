using UnlockDaemon.GuestTests;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(SlowestFirst))]

namespace UnlockDaemon.GuestTests;

/// <summary>
/// The collections that share a guest take longest: begun last, one would run on alone. Before them comes that with the
/// Ganeti cluster, which mostly waits and leaves the processors to the others.
/// </summary>
public sealed class SlowestFirst : ITestCollectionOrderer
{
    private static readonly string[] s_first =
        [GanetiCollection.Name, ContainerCollection.Name, OtherVolumeCollection.Name, UnlockdCollection.Name];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(static collection => (uint)Array.IndexOf(
            s_first, collection.TestCollectionDisplayName))];
}
