using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>An attempt to unlock, at the moment when the volume is mounted or will not be.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Reason">For the operator.</param>
/// <param name="Step">The layer that failed, or empty.</param>
/// <param name="Services">Ends when the services are ready, or will not be; null unless mounted.</param>
public sealed record UnlockAttempt(
    UnlockOutcome Outcome, string Reason = "", string Step = "", Task<VolumeState>? Services = null);
