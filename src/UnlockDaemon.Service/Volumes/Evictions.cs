using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Service.Volumes;

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
