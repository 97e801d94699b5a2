namespace UnlockDaemon.Linux.Storage;

/// <summary>The key slot that opened a container.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Operator">Name of the operator it belongs to; null when it has none.</param>
public sealed record UsedSlot(int Number, string? Operator)
{
    /// <inheritdoc/>
    public override string ToString() => KeySlot.Describe(Number, Operator);
}
