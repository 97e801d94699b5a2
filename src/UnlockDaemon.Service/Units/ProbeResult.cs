using UnlockDaemon.Linux;

namespace UnlockDaemon.Service.Units;

/// <summary>What one look at a service gave.</summary>
/// <remarks>
/// The words are those of a command or a server, and go to the consoles, where root may be, and to every user's status.
/// </remarks>
/// <param name="IsReady">Whether it does its work.</param>
/// <param name="Detail">If ready, what is known of it (a version), may be empty; if not, the reason.</param>
internal readonly record struct ProbeResult(bool IsReady, string Detail)
{
    internal static ProbeResult Ready(string detail = "") => new(true, Wording.OneLine(detail));

    internal static ProbeResult NotReady(string reason) => new(false, Wording.OneLine(reason));
}
