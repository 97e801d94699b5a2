namespace UnlockDaemon.Service.Volumes;

/// <summary>What came of bringing a layer up.</summary>
/// <param name="Kind">The kind of outcome.</param>
/// <param name="Reason">For the operator: what happened and what to do. Empty when it is up.</param>
internal sealed record LayerOutcome(LayerOutcomeKind Kind, string Reason = "")
{
    internal static LayerOutcome Up { get; } = new(LayerOutcomeKind.Up);

    internal static LayerOutcome WrongPassphrase { get; } = new(LayerOutcomeKind.WrongPassphrase, "wrong passphrase");
}
