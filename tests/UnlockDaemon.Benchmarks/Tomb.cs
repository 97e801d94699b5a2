using UnlockDaemon.Rig;

namespace UnlockDaemon.Benchmarks;

/// <summary>The tool tomb in a guest, with a key of its own to the same container.</summary>
/// <remarks>
/// Guests have no network: this machine fetches what the guest lacks, so it must run the guest's release.
/// </remarks>
internal static class Tomb
{
    internal const string Open =
        "tomb open --no-color -f --unsafe --tomb-pwd \"$(cat /root/passphrase)\" -k /root/tomb.key "
            + "/var/volume.tomb /mnt/tomb";

    internal const string Close = "tomb close --no-color";

    // A tomb is a LUKS container whose passphrase is the contents of a file that GnuPG has encrypted. The key
    // stretching of both is at its least, as everywhere here.
    private const string Prepare = """
        set -e
        dpkg -i /mnt/host/tomb/*.deb
        mkdir -p /mnt/tomb
        head -c 64 /dev/urandom >/root/tomb.secret
        gpg --batch --pinentry-mode loopback --passphrase-file /root/passphrase --s2k-count 1024 --armor \
            --output /root/tomb.key --symmetric /root/tomb.secret
        cryptsetup luksAddKey --key-file /root/passphrase --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
            /var/encrypt_file /root/tomb.secret
        ln /var/encrypt_file /var/volume.tomb
        """;

    /// <summary>Installs it and makes the key.</summary>
    /// <returns>Null, or why it cannot be had.</returns>
    internal static async Task<string?> TryInstallAsync(Guest guest, CancellationToken cancellation)
    {
        await guest.ShareAsync(cancellation);
        string packages = Directory.CreateDirectory(
            Path.Combine(guest.ShareDirectory, "tomb", "partial")).Parent!.FullName;
        string installed = Path.Combine(guest.ShareDirectory, "status");
        await guest.PullAsync("/var/lib/dpkg/status", installed, cancellation);
        CommandResult fetched = await HostCommand.RunAsync("apt-get",
            ["-q", "-y", "--download-only", "--no-install-recommends", "-o", $"Dir::State::status={installed}", "-o",
                $"Dir::Cache::archives={packages}", "-o", "APT::Sandbox::User=root", "install", "tomb"],
            timeout: TimeSpan.FromMinutes(2), cancellationToken: cancellation);
        if (fetched.ExitCode != 0)
            return $"its packages cannot be fetched here: {fetched.Error.Trim().ReplaceLineEndings(" ")}";
        (await guest.RunAsync(Prepare, TimeSpan.FromMinutes(3), cancellationToken: cancellation)).Require();
        return null;
    }
}
