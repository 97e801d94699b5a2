using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// A third shared instance, for what is done with containers of every kind: as long as what the second does.
/// </summary>
[CollectionDefinition(Name)]
public sealed class ContainerCollection : ICollectionFixture<UnlockdGuest>
{
    public const string Name = "containers";
}
