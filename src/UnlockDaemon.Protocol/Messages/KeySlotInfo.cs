namespace UnlockDaemon.Protocol.Messages;

/// <summary>A key slot of a LUKS container, as <c>unlockctl key --json</c> shows it.</summary>
/// <param name="Slot">Its number.</param>
/// <param name="Name">Name of its operator, or null.</param>
/// <param name="Derivation">argon2id, argon2i or pbkdf2.</param>
/// <param name="MemoryKilobytes">Memory that the derivation takes.</param>
/// <param name="Iterations">Its rounds.</param>
/// <param name="Active">Whether it opens the volume.</param>
public sealed record KeySlotInfo(
    int Slot, string? Name, string Derivation, long MemoryKilobytes, long Iterations, bool Active);
