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
