namespace UnlockDaemon.Service.Volumes;

/// <summary>What came of growing the volume.</summary>
/// <param name="Kind">The kind of outcome.</param>
/// <param name="Reason">For the operator; empty when it has grown.</param>
/// <param name="Step">The layer that failed; "grow" when it was refused.</param>
public sealed record GrowOutcome(GrowOutcomeKind Kind, string Reason = "", string Step = "grow");
