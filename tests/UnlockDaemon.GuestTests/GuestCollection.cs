using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>Tests that share one booted guest.</summary>
[CollectionDefinition(Name)]
public sealed class GuestCollection : ICollectionFixture<BootedGuest>
{
    public const string Name = "booted guest";
}
