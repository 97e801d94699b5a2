namespace UnlockDaemon.Protocol.Messages;

/// <summary>What a container is or could be.</summary>
/// <param name="Container">Its path.</param>
/// <param name="Kind">tooSmall, empty, luks, damagedLuks, filesystem, random or other.</param>
/// <param name="Description">The same in words.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="Luks">What its LUKS header says, or null.</param>
/// <param name="Variants">
/// The ways to read it that fit the passphrase, the likeliest first; null when none was tried.
/// </param>
/// <param name="Tried">How many ways were tried.</param>
/// <param name="Seconds">How long that took.</param>
public sealed record IdentifyReply(string Container, string Kind, string Description, long Size, LuksInfo? Luks,
    IReadOnlyList<VariantInfo>? Variants, int Tried, double Seconds);

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

/// <summary>A way to read a container without a header.</summary>
/// <param name="Description">In words.</param>
/// <param name="Filesystem">The file system found with it.</param>
/// <param name="Configuration">The configuration for it, as YAML.</param>
public sealed record VariantInfo(string Description, string Filesystem, string Configuration);

/// <summary>The key slots of a container, as <c>unlockctl key list --json</c> shows them.</summary>
/// <param name="Container">Path of the container.</param>
/// <param name="Format">luks1 or luks2.</param>
/// <param name="Uuid">UUID of its header.</param>
/// <param name="Slots">Those in use.</param>
public sealed record KeySlotsReply(string Container, string Format, string Uuid, IReadOnlyList<KeySlotInfo> Slots);

/// <summary>A key slot of a LUKS container, as <c>unlockctl key --json</c> shows it.</summary>
/// <param name="Slot">Its number.</param>
/// <param name="Name">Name of its operator, or null.</param>
/// <param name="Derivation">argon2id, argon2i or pbkdf2.</param>
/// <param name="MemoryKilobytes">Memory that the derivation takes.</param>
/// <param name="Iterations">Its rounds.</param>
/// <param name="Active">Whether it opens the volume.</param>
public sealed record KeySlotInfo(
    int Slot, string? Name, string Derivation, long MemoryKilobytes, long Iterations, bool Active);
