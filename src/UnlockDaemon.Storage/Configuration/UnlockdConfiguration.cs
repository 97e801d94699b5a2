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
