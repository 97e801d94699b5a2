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

/// <summary>The volume, as configured.</summary>
/// <param name="Container">Path of the container.</param>
/// <param name="Format">luks, loop-aes or plain.</param>
/// <param name="MountPoint">Where it is mounted.</param>
public sealed record VolumeInfo(string Container, string Format, string MountPoint);

/// <summary>One layer of the storage stack.</summary>
/// <param name="Name">loop, mapping, filesystem or units.</param>
/// <param name="Up">Whether it is there.</param>
/// <param name="Detail">The device, the file system, or how many units.</param>
public sealed record LayerInfo(string Name, bool Up, string Detail);

/// <summary>One service.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Unit">Its systemd unit.</param>
/// <param name="State">stopped, starting, ready, failed or stopping.</param>
/// <param name="Detail">What it waits for, or why it failed.</param>
/// <param name="Seconds">How long the last start took, from the start job to readiness.</param>
/// <param name="Log">Its last log lines, when it failed.</param>
public sealed record ServiceInfo(
    string Name, string Unit, string State, string Detail, double? Seconds, IReadOnlyList<string> Log);

/// <summary>An event, while Watch, Unlock or Lock goes on.</summary>
/// <param name="Event">The event.</param>
public sealed record EventReply(EventInfo Event);

/// <summary>Something that happened.</summary>
/// <param name="Time">When.</param>
/// <param name="Kind">state, step, service, check or prompt.</param>
/// <param name="Subject">The state, layer, service, check or console.</param>
/// <param name="Text">One line for people.</param>
public sealed record EventInfo(DateTimeOffset Time, string Kind, string Subject, string Text);
