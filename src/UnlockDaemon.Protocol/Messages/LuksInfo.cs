namespace UnlockDaemon.Protocol.Messages;

/// <summary>What a LUKS header says.</summary>
/// <param name="Version">1 or 2.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Cipher">As dm-crypt writes it.</param>
/// <param name="KeyBits">Length of the volume key in bits.</param>
/// <param name="UsedSlots">Key slots in use.</param>
/// <param name="Slots">Key slots that there can be.</param>
/// <param name="SectorSize">Encryption sector size in bytes.</param>
/// <param name="Integrity">Kind of authentication, or null.</param>
public sealed record LuksInfo(
    int Version, string Uuid, string Cipher, int KeyBits, int UsedSlots, int Slots, int SectorSize,
    string? Integrity);
