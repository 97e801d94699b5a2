using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// An instance for upgrades of its package: /root/old.deb is the one under test, /root/new.deb a newer one.
/// </summary>
public sealed class UpgradedGuest : IAsyncLifetime
{
    public Guest Guest { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        string old = GuestImage.FindPackage()!;
        string newer = await GuestImage.MakeNewerPackageAsync(old);
        Guest = await UnlockdGuest.BootAsync(new GuestOptions { Name = "upgraded" });
        await Guest.PushAsync(old, "/root/old.deb", TestContext.Current.CancellationToken);
        await Guest.PushAsync(newer, "/root/new.deb", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Guest is not null)
            await Guest.DisposeAsync();
    }
}
