using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// An instance with the package installed, a LUKS2 container with the billing database, and everything locked.
/// </summary>
public sealed class UnlockdGuest : IAsyncLifetime
{
    public const string Passphrase = EncryptedVolume.Passphrase;

    // The volume is made under a daemon that has looked for one already, and so does not know it: to the next it is as if
    // it had been there at the boot.
    private const string Gate = """
        set -e
        unlockctl apply
        systemctl stop unlockd; rm -f /var/lib/unlockd/boot /run/unlockctl/boot
        systemctl start unlockd || (journalctl -u unlockd --no-pager -o cat | tail -20; exit 1)
        """;

    public GuestNetwork Network { get; private set; } = null!;

    public Guest Guest { get; private set; } = null!;

    public static async Task<Guest> BootAsync(GuestOptions options, GuestSystem system = GuestSystem.Bookworm)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestImage image = await GuestImage.PrepareAsync(system, GuestImage.FindPackage(), cancellation);
        Guest guest = await Guest.BootAsync(image, options, cancellation);
        await EncryptedVolume.CreateAsync(guest, cancellation);
        (await guest.RunAsync(Gate, TimeSpan.FromMinutes(2), cancellationToken: cancellation)).Require();
        return guest;
    }

    public async ValueTask InitializeAsync()
    {
        Network = await GuestNetwork.CreateAsync(TestContext.Current.CancellationToken);
        Guest = await BootAsync(
            new GuestOptions { Name = "unlockd", Network = Network, PluggableTerminals = ["ttyS1"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (Guest is not null)
            await Guest.DisposeAsync();
        if (Network is not null)
            await Network.DisposeAsync();
    }
}
