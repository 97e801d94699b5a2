using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// A second shared instance, for tests with a configuration of their own: they take as long as all others.
/// </summary>
[CollectionDefinition(Name)]
public sealed class OtherVolumeCollection : ICollectionFixture<UnlockdGuest>
{
    public const string Name = "other volumes";
}
