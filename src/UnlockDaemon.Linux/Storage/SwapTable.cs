using System.Globalization;

namespace UnlockDaemon.Linux.Storage;

/// <summary>What the kernel swaps to. Source: /proc/swaps, proc(5).</summary>
/// <param name="Path">A device or a file.</param>
/// <param name="Used">Bytes that lie there.</param>
public sealed record SwapTable(string Path, long Used)
{
    /// <summary>Reads the table.</summary>
    /// <returns>All areas that are in use.</returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static IEnumerable<SwapTable> Read() =>
        from line in KernelText.Read("/proc/swaps").Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
        let words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
        select new SwapTable(MountEntry.Unescape(words[0]),
            long.Parse(words[3], NumberStyles.None, CultureInfo.InvariantCulture) * 1024);
}
