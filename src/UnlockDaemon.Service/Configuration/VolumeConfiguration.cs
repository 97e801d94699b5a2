namespace UnlockDaemon.Service.Configuration;

/// <summary>The encrypted volume.</summary>
/// <param name="Container">Absolute path of the container file.</param>
/// <param name="Format">How the container is encrypted.</param>
/// <param name="MountPoint">Absolute path of the directory the file system is mounted on.</param>
/// <param name="Filesystem">The file system inside.</param>
/// <param name="Options">
/// Mount options, one each and without repeats: flags of mount(2) (see <see cref="MountOption.IsFlag"/>), and data
/// for the file system ("errors=remount-ro"). Never "ro", never a word that only fstab(5) knows.
/// </param>
/// <param name="Cipher">How a <see cref="ContainerFormat.Plain"/> container is encrypted; null for other formats,
/// which say it themselves.</param>
public sealed record VolumeConfiguration(
    string Container,
    ContainerFormat Format,
    string MountPoint,
    FilesystemType Filesystem,
    IReadOnlyList<string> Options,
    PlainCipher? Cipher);
