using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>What /etc/unlockd/unlockd.yaml says, complete and checked; unlockd.yaml(5) describes the file.</summary>
/// <param name="Volume">The container and where it is mounted.</param>
/// <param name="Consoles">Terminals to prompt on, as named under /dev ("tty1"); those that exist are used.</param>
/// <param name="Services">The services that live on the volume, in the order of the file; free of loops.</param>
/// <param name="Lock">How the volume is locked.</param>
/// <param name="Swap">Encrypted swap space; null for none.</param>
public sealed record UnlockdConfiguration(
    VolumeConfiguration Volume,
    IReadOnlyList<string> Consoles,
    IReadOnlyList<ServiceConfiguration> Services,
    LockConfiguration Lock,
    SwapConfiguration? Swap = null);

/// <summary>The encrypted volume.</summary>
/// <param name="Container">Absolute path of the container: a file, or a block device.</param>
/// <param name="Format">How the container is encrypted.</param>
/// <param name="MountPoint">Absolute path of the directory the file system is mounted on.</param>
/// <param name="Filesystem">The file system inside.</param>
/// <param name="Options">
/// Mount options, one each and without repeats: flags of mount(2) (see <see cref="MountOption.IsFlag"/>), and data
/// for the file system ("errors=remount-ro"). Never "ro", never a word that only fstab(5) knows.
/// </param>
/// <param name="Cipher">
/// How a container without a header is encrypted; null for <see cref="ContainerFormat.Luks"/>, which says it itself.
/// </param>
public sealed record VolumeConfiguration(
    string Container,
    ContainerFormat Format,
    string MountPoint,
    FilesystemType Filesystem,
    IReadOnlyList<string> Options,
    PlainCipher? Cipher)
{
    /// <summary>The key file of loop-AES, encrypted by gpg; null where the passphrase itself makes the key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The file with the LUKS header, where it is detached; null where the container begins with it.</summary>
    public string? Header { get; init; }

    /// <summary>What a passphrase is converted to from UTF-8; null for taking it as it is typed.</summary>
    public PassphraseEncoding? Encoding { get; init; }
}

/// <summary>Swap space under a random key.</summary>
/// <param name="Path">Absolute path of a file or a block device.</param>
/// <param name="Size">Size of the file in bytes; null for a device.</param>
public sealed record SwapConfiguration(string Path, long? Size);

/// <summary>A service that lives on the volume: one entry under <c>services</c>.</summary>
/// <param name="Name">The entry's name, as other entries' <c>depends_on</c> and the operator use it.</param>
/// <param name="Unit">The systemd unit, with its suffix: <c>mariadb.service</c>.</param>
/// <param name="DependsOn">Names of the services that must be ready before this one is started.</param>
/// <param name="Ready">How readiness is found out; null takes systemd's own word.</param>
/// <param name="Timeout">The longest time from start to ready.</param>
public sealed record ServiceConfiguration(
    string Name, string Unit, IReadOnlyList<string> DependsOn, ProbeSpecification? Ready, TimeSpan Timeout);

/// <summary>How the volume is locked.</summary>
/// <param name="Deadline">The longest locking may take before it is given up and the services are started
/// again.</param>
/// <param name="HoldLimit">When a hold ends by itself, so that a migration that never came to its end does not leave
/// the services down in silence.</param>
/// <param name="KeepKey">
/// How long the kernel keeps the key after a lock with a hold, so that the end of the hold unlocks by itself; null for
/// not at all.
/// </param>
public sealed record LockConfiguration(TimeSpan Deadline, TimeSpan HoldLimit, TimeSpan? KeepKey = null)
{
    /// <summary>What is taken when nothing is said.</summary>
    public static LockConfiguration Default { get; } = new(TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(30));
}
