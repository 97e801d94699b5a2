namespace UnlockDaemon.Linux.Storage;

/// <summary>A key slot of a LUKS header that is in use.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Name of the operator whose passphrase it takes; null when it has none.</param>
/// <param name="Derivation">Name of the key derivation: argon2id, argon2i or pbkdf2.</param>
/// <param name="MemoryKilobytes">Memory that the derivation takes; 0 for pbkdf2.</param>
/// <param name="Iterations">Rounds of the derivation.</param>
/// <param name="IsActive">Whether it opens the volume; one that is not bound to the volume does not.</param>
public sealed record KeySlot(
    int Number, string? Name, string Derivation, uint MemoryKilobytes, uint Iterations, bool IsActive)
{
    /// <summary>As people are told of it: "slot 1, 'anna'".</summary>
    /// <param name="number">Number of the slot.</param>
    /// <param name="name">Its name, or null.</param>
    public static string Describe(int number, string? name) =>
        name is null ? $"slot {number}" : $"slot {number}, '{name}'";

    /// <inheritdoc/>
    public override string ToString() => Describe(Number, Name);
}
