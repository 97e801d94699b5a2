using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Volumes;

/// <summary>What came of a lock.</summary>
/// <param name="Certificate">The proof; null when the volume could not be locked or it could not be proven.</param>
/// <param name="Reason">Why there is none.</param>
/// <param name="Holders">Who holds the volume, when that is why; the services are back then.</param>
/// <param name="Refused">Whether the volume is still mounted, and the services are back.</param>
public sealed record LockOutcome(
    Certificate? Certificate, string Reason, IReadOnlyList<Holder> Holders, bool Refused);
