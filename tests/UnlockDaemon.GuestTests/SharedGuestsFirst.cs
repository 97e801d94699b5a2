using UnlockDaemon.GuestTests;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(SharedGuestsFirst))]

namespace UnlockDaemon.GuestTests;

/// <summary>The collections that share a guest take longest: begun last, one of them would run on alone.</summary>
public sealed class SharedGuestsFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(static collection => collection.TestCollectionClassName is null)];
}
