using UnlockDaemon.GuestTests;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace UnlockDaemon.GuestTests;

/// <summary>
/// The collections that share a guest take longest, from 17 minutes down to 8: begun last, one would run on alone.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] s_longest =
        [ContainerCollection.Name, OtherVolumeCollection.Name, UnlockdCollection.Name, GanetiCollection.Name];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(static collection => (uint)Array.IndexOf(
            s_longest, collection.TestCollectionDisplayName))];
}
