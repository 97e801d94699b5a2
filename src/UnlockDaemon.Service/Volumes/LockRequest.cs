using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Service.Volumes;

/// <summary>How to lock.</summary>
/// <param name="Deadline">How long it may take in all.</param>
/// <param name="HoldFor">Prompt nobody afterwards for so long, or until released; null to prompt at once.</param>
/// <param name="Reason">Why.</param>
/// <param name="Nonce">Goes into the certificate.</param>
/// <param name="Evict">Processes that are not ours and may be ended, if they hold the volume.</param>
/// <param name="KeepKey">With a hold, how long the kernel keeps the key; null to wipe it.</param>
/// <param name="IsShutdown">Whether it is made because the whole system goes down.</param>
public sealed record LockRequest(
    TimeSpan Deadline,
    TimeSpan? HoldFor = null,
    string? Reason = null,
    string? Nonce = null,
    IReadOnlyList<int>? Evict = null,
    TimeSpan? KeepKey = null,
    bool IsShutdown = false)
{
    /// <summary>Whose the hold is; null for an operator's.</summary>
    public string? HoldOwner { get; init; }
}

/// <summary>What came of a lock.</summary>
/// <param name="Certificate">The proof; null when the volume could not be locked or it could not be proven.</param>
/// <param name="Reason">Why there is none.</param>
/// <param name="Holders">Who holds the volume, when that is why; the services are back then.</param>
/// <param name="Refused">Whether the volume is still mounted, and the services are back.</param>
public sealed record LockOutcome(
    Certificate? Certificate, string Reason, IReadOnlyList<Holder> Holders, bool Refused);

/// <summary>The processes that a lock may end, held by descriptor.</summary>
internal sealed class Evictions : IDisposable
{
    private readonly List<ProcessHandle> _taken = [];

    /// <summary>Those that were there.</summary>
    internal IReadOnlyList<ProcessHandle> Taken => _taken;

    /// <summary>Their numbers.</summary>
    internal IReadOnlyCollection<int> Processes => [.. _taken.Select(static process => process.Pid)];

    /// <summary>Takes hold of processes.</summary>
    /// <returns>Null; or which may never be ended.</returns>
    internal string? Take(IEnumerable<int> processes)
    {
        foreach (int pid in processes)
        {
            if (pid == 1 || pid == Environment.ProcessId)
                return $"pid {pid} cannot be evicted";
            if (ProcessHandle.TryOpen(pid) is { } process)
                _taken.Add(process);
        }

        return null;
    }

    /// <summary>Says which of them does not hold the volume: an operator may have mistyped a number.</summary>
    internal string? FindWrong(IEnumerable<Holder> strangers)
    {
        HashSet<int> holding = [.. strangers.Select(static holder => holder.Pid)];
        return _taken.Find(process => !holding.Contains(process.Pid) && !process.HasEnded) is { } wrong
            ? $"pid {wrong.Pid} does not hold the volume: look again with 'unlockctl holders'"
            : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _taken.ForEach(static process => process.Dispose());
}
