using System.Diagnostics;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Storage.Machine;

/// <summary>
/// Takes keys out of the kernel, whatever uses them. Needs nothing but the kernel for it, so that unlockctl can do it
/// too when the daemon does not answer.
/// </summary>
public static class KeyWipe
{
    // What is on its way to a disk that works has arrived by then.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Wipes the keys of every mapping that is the instance's, whatever is configured now: those in use first and all
    /// at once, since a disk that does not answer holds up the wiping of its own; then those that were kept for later.
    /// What reads or writes there waits from then on, until <see cref="FailAll"/>. Whatever fails, the rest is done.
    /// </summary>
    /// <param name="left">Gets what went wrong.</param>
    /// <param name="told">Told of each mapping as its key is gone, one at a time.</param>
    /// <param name="instance">Whose keys; null for those of every instance.</param>
    /// <returns>The mappings that have no key any more.</returns>
    public static IReadOnlyList<CryptMapping> WipeAllKeys(
        ICollection<string> left, Action<CryptMapping> told, Instance? instance)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(told);
        bool IsMeant(string name) =>
            instance is null ? MappingNames.IsAnyInstances(name) : MappingNames.Belongs(name, instance);
        CryptMapping[] mappings = [];
        _ = Guard(() => mappings = [.. MappingNames.FindAll().Where(mapping => IsMeant(mapping.Name))], left);
        List<CryptMapping> wiped = [];
        (CryptMapping Mapping, Thread Wiping)[] work = Array.ConvertAll(mappings, mapping =>
            (mapping, new Thread(() => Wipe(mapping, wiped, told, left)) { IsBackground = true }));
        foreach ((_, Thread wiping) in work)
            wiping.Start();
        WaitFor(work, left);
        _ = Guard(() => KeptKey.WipeAll(IsMeant), left);
        lock (wiped)
            return [.. wiped];
    }

    /// <summary>Has all that waits for mappings without a key fail. Takes its time: udev is waited for.</summary>
    /// <param name="wiped">The mappings.</param>
    /// <param name="left">Gets what went wrong.</param>
    public static void FailAll(IEnumerable<CryptMapping> wiped, ICollection<string> left)
    {
        ArgumentNullException.ThrowIfNull(wiped);
        ArgumentNullException.ThrowIfNull(left);
        foreach (CryptMapping mapping in wiped)
        {
            _ = Try(mapping, () =>
            {
                if (!mapping.IsOnNothing)
                    mapping.FailAll();
            }, left);
        }
    }

    private static void Wipe(
        CryptMapping mapping, List<CryptMapping> wiped, Action<CryptMapping> told, ICollection<string> left)
    {
        bool isCrypt = false;
        if (!Try(mapping, () => isCrypt = TryWipe(mapping), left) || !isCrypt)
            return;
        lock (wiped)
        {
            wiped.Add(mapping);
            // On this thread nobody would catch it, and the process would end in the middle of a panic.
            _ = Guard(() => told(mapping), left);
        }
    }

    private static void WaitFor((CryptMapping Mapping, Thread Wiping)[] work, ICollection<string> left)
    {
        long started = Stopwatch.GetTimestamp();
        foreach ((CryptMapping mapping, Thread wiping) in work)
        {
            TimeSpan patience = s_limit - Stopwatch.GetElapsedTime(started);
            if (wiping.Join(patience > TimeSpan.Zero ? patience : TimeSpan.Zero))
                continue;
            lock (left)
                left.Add($"{mapping.Path} still has its key: its disk does not answer");
        }
    }

    private static bool TryWipe(CryptMapping mapping)
    {
        if (!mapping.IsCrypt())
            return false;
        mapping.WipeKey();
        return true;
    }

    /// <summary>What goes wrong counts only while the mapping is there: without it there is no key.</summary>
    private static bool Try(CryptMapping mapping, Action step, ICollection<string> left) =>
        Guard(step, left, () => CryptMapping.Find(mapping.Name) is not null);

    /// <summary>Does a step of which no failure, of whatever kind, may keep the next from being done.</summary>
    private static bool Guard(Action step, ICollection<string> left, Func<bool>? counts = null)
    {
        try
        {
            step();
            return true;
        }
        catch (Exception failure)
        {
            if (counts is null || Counts(counts))
            {
                lock (left)
                    left.Add(failure.Message);
            }

            return false;
        }
    }

    /// <summary>Where the kernel does not say whether it still matters, it does.</summary>
    private static bool Counts(Func<bool> counts)
    {
        try
        {
            return counts();
        }
        catch (Exception)
        {
            return true;
        }
    }
}
