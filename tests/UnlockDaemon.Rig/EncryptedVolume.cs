namespace UnlockDaemon.Rig;

/// <summary>
/// A guest's volume, as its unlockd.yaml names it: a LUKS2 container with the billing database, locked.
/// </summary>
public static class EncryptedVolume
{
    /// <summary>What opens it; the guest has it in /root/passphrase.</summary>
    public const string Passphrase = "correct horse battery";

    // The key derivation is made cheap: what is looked at is unlockd, not PBKDF2.
    private const string Script = $"""
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
        """;

    /// <summary>Makes it.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When it is there.</returns>
    public static async Task CreateAsync(Guest guest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(guest);
        (await guest.RunAsync(Script, TimeSpan.FromMinutes(2), cancellationToken: cancellationToken)).Require();
    }
}
