namespace UnlockDaemon.Protocol.Messages;

/// <summary>The key slots of a container, as <c>unlockctl key list --json</c> shows them.</summary>
/// <param name="Container">Path of the container.</param>
/// <param name="Format">luks1 or luks2.</param>
/// <param name="Uuid">UUID of its header.</param>
/// <param name="Slots">Those in use.</param>
public sealed record KeySlotsReply(string Container, string Format, string Uuid, IReadOnlyList<KeySlotInfo> Slots);
