using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>A shared instance for the tests with one light service: side by side with the others they are over sooner.</summary>
[CollectionDefinition(Name)]
public sealed class LightServiceCollection : ICollectionFixture<UnlockdGuest>
{
    public const string Name = "light services";
}
