using UnlockDaemon.Rig;
using Xunit;

namespace UnlockDaemon.GuestTests;

/// <summary>
/// Tests with a volume of their own, /var/other_file on /var/other, in place of the shared one; it is removed
/// afterwards.
/// </summary>
[Collection(OtherVolumeCollection.Name)]
public abstract class OtherVolumeTest(UnlockdGuest fixture) : UnlockdTest(fixture)
{
    protected const string Passphrase = "an other passphrase";

    /// <summary>Takes little time, for what is tested is not the key derivation.</summary>
    protected const string LuksFormat =
        "cryptsetup luksFormat -q --sector-size 512 --pbkdf pbkdf2 --pbkdf-force-iterations 1000";

    protected override string WayBack => $"""
        umount /mnt/prepare; cryptsetup close other
        {LockWhatIsLeft}
        [ ! -e /root/saved.yaml ] || mv /root/saved.yaml /etc/unlockd/unlockd.yaml
        chattr -i /var/other; rm -rf /var/other /var/other_file /root/other /root/certificate
        {ForgetRecords}; systemctl reset-failed
        """;

    /// <summary>Configures the volume, without services, and has the daemon take that up.</summary>
    /// <param name="settings">Further keys of the volume, as YAML.</param>
    protected Task ConfigureAsync(params string[] settings) => RunAsync($"""
        set -e
        [ -e /root/saved.yaml ] || cp /etc/unlockd/unlockd.yaml /root/saved.yaml
        printf '{Passphrase}' >/root/other
        mkdir -p /var/other
        cat >/etc/unlockd/unlockd.yaml <<'YAML'
        volume:
          container: /var/other_file
          mount_point: /var/other
          {string.Join("\n  ", settings)}
        YAML
        systemctl restart unlockd
        """);

    protected Task<CommandResult> TryUnlockAsync() => TryAsync("unlockctl unlock --passphrase-file /root/other");

    protected Task<string> UnlockOtherAsync() => RunAsync("unlockctl unlock --passphrase-file /root/other");

    /// <summary>What the kernel has of the volume: nothing, when it is locked.</summary>
    protected Task<string> FindLeftoversAsync() =>
        RunAsync("losetup -nl; ls /dev/mapper | grep -v control; grep ' /var/other ' /proc/self/mountinfo; true");
}
