namespace UnlockDaemon.Rig;

/// <summary>What runs in a guest.</summary>
public enum GuestSystem
{
    /// <summary>Debian 12, tuned to boot in a few seconds.</summary>
    Bookworm,

    /// <summary>Debian 12 with all units as Debian ships them.</summary>
    BookwormStock,

    /// <summary>Debian 13, tuned to boot in a few seconds.</summary>
    Trixie,

    /// <summary>Debian 13 with all units as Debian ships them.</summary>
    TrixieStock,
}
