namespace UnlockDaemon.Linux.Systemd;

/// <summary>A job that ended: systemd's JobRemoved.</summary>
/// <param name="Unit">The unit it was for.</param>
/// <param name="Result">How it ended; see <see cref="JobResult"/>.</param>
public sealed record UnitJob(string Unit, string Result);
