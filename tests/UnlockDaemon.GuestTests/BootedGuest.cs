using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>One tuned Debian 12 guest for all tests of a collection; they leave it as they found it.</summary>
public sealed class BootedGuest : IAsyncLifetime
{
    public GuestNetwork Network { get; private set; } = null!;

    public Guest Guest { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestImage image = await GuestImage.PrepareAsync(GuestSystem.Bookworm, package: null, cancellation);
        Network = await GuestNetwork.CreateAsync(cancellation);
        Guest = await Guest.BootAsync(image, new GuestOptions { Name = "booted", Network = Network }, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (Guest is not null)
            await Guest.DisposeAsync();
        if (Network is not null)
            await Network.DisposeAsync();
    }
}
