using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>An instance with the package installed, a LUKS2 container with the billing database, and everything locked.</summary>
public sealed class UnlockdGuest : IAsyncLifetime
{
    public const string Passphrase = "correct horse battery";

    // The key derivation is made cheap: what is tested is unlockd, not PBKDF2.
    private const string Prepare = $"""
        set -e
        modprobe -a loop dm_crypt
        printf '{Passphrase}' >/root/passphrase
        truncate -s 160M /var/encrypt_file
        cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /var/encrypt_file /root/passphrase
        cryptsetup open --key-file /root/passphrase /var/encrypt_file prepare
        mkfs.ext4 -q /dev/mapper/prepare
        mkdir -p /mnt/prepare /var/secure
        mount /dev/mapper/prepare /mnt/prepare
        tar -C /mnt/prepare -xzf /usr/share/unlockd-test/mysql-data.tar.gz
        umount /mnt/prepare
        cryptsetup close prepare
        unlockctl apply
        systemctl restart unlockd || (journalctl -u unlockd --no-pager -o cat | tail -20; exit 1)
        """;

    public GuestNetwork Network { get; private set; } = null!;

    public Guest Guest { get; private set; } = null!;

    public static async Task<Guest> BootAsync(GuestOptions options, GuestSystem system = GuestSystem.Bookworm)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        GuestImage image = await GuestImage.PrepareAsync(system, GuestImage.FindPackage(), cancellation);
        Guest guest = await Guest.BootAsync(image, options, cancellation);
        (await guest.RunAsync(Prepare, TimeSpan.FromMinutes(2), cancellationToken: cancellation)).Require();
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
