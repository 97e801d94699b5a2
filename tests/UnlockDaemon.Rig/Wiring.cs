namespace UnlockDaemon.Rig;

/// <summary>What is plugged into a machine.</summary>
/// <param name="Options">How the guest is made.</param>
/// <param name="Disk">The disk it boots from.</param>
/// <param name="Port">Its place on a network; none if null.</param>
/// <param name="ShareDirectory">The one directory of the host that it may see.</param>
/// <param name="Consoles">The ends of its terminals.</param>
/// <param name="Pluggable">The ends of those that are plugged in later.</param>
internal sealed record Wiring(GuestOptions Options, GuestDisk Disk, NetworkPort? Port, string ShareDirectory,
    IReadOnlyList<GuestConsole> Consoles, IReadOnlyList<GuestConsole> Pluggable);
