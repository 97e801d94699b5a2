using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Tests that share one cluster and its instance; each leaves them as it found them.</summary>
[CollectionDefinition(Name)]
public sealed class GanetiCollection : ICollectionFixture<GanetiInstance>
{
    public const string Name = "ganeti";
}
