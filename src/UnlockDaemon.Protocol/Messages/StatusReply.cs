namespace UnlockDaemon.Protocol.Messages;

/// <summary>Answer of Status: everything an operator or a script asks for, as the contract fixes it.</summary>
/// <param name="State">locked, unlocking, starting, ready, degraded, stopping, locking or failed.</param>
/// <param name="Held">Locked on purpose; nobody is prompted.</param>
/// <param name="HoldReason">Why it is held.</param>
/// <param name="HoldUntil">When the hold ends by itself.</param>
/// <param name="Volume">The volume, as configured.</param>
/// <param name="Layers">The storage stack, bottom first.</param>
/// <param name="Services">The services, in the order of the configuration.</param>
/// <param name="Since">When this state began.</param>
/// <param name="BootId">The kernel's boot id.</param>
/// <param name="LastError">What went wrong last, or null.</param>
/// <param name="Warnings">What will go wrong if nobody does anything.</param>
/// <param name="HoldOwner">Whose the hold is, as it was asked for; null for an operator's.</param>
public sealed record StatusReply(
    string State,
    bool Held,
    string? HoldReason,
    DateTimeOffset? HoldUntil,
    VolumeInfo Volume,
    IReadOnlyList<LayerInfo> Layers,
    IReadOnlyList<ServiceInfo> Services,
    DateTimeOffset Since,
    string BootId,
    string? LastError,
    IReadOnlyList<string> Warnings,
    string? HoldOwner = null);
