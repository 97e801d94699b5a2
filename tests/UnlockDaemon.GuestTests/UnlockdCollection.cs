using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Tests that share one instance with unlockd; each leaves it locked, unlockd running, its files as they were.
/// </summary>
[CollectionDefinition(Name)]
public sealed class UnlockdCollection : ICollectionFixture<UnlockdGuest>
{
    public const string Name = "unlockd";
}
