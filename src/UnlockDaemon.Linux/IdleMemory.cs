using System.Globalization;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>A daemon waits for months between two moments of work: what the work took is given back after it.</summary>
public static class IdleMemory
{
    /// <summary>
    /// Collects garbage, returns the free pages of both heaps to the kernel, and lets go of the pages of program code:
    /// most of it ran once, at the start, and what is needed again comes from the page cache. Takes some milliseconds.
    /// </summary>
    public static void GiveBack()
    {
        // Looked for before the collection, since the reading leaves garbage, and let go of after it, since it runs
        // code.
        List<Mapping> code = FindCode();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = Malloc.malloc_trim(0);
        foreach (Mapping mapping in code)
            _ = Mman.madvise(mapping.Start, mapping.Length, Mman.MADV_DONTNEED);
    }

    private static List<Mapping> FindCode()
    {
        List<Mapping> code = [];
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            if (ParseCode(line) is { } mapping)
                code.Add(mapping);
        }

        return code;
    }

    /// <summary>
    /// Only private mappings of files that nobody may write to: no page of them can be changed, so none can be lost.
    /// Line: "start-end perms offset device inode path", proc_pid_maps(5).
    /// </summary>
    private static Mapping? ParseCode(string line)
    {
        string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        if (fields is not [var range, "r-xp", _, _, not "0", _])
            return null;
        int dash = range.IndexOf('-', StringComparison.Ordinal);
        nint start = nint.Parse(range.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        nint end = nint.Parse(range.AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return new Mapping(start, (nuint)(end - start));
    }

    private sealed record Mapping(nint Start, nuint Length);
}
