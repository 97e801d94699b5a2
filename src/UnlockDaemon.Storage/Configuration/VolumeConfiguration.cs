using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Configuration;

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
