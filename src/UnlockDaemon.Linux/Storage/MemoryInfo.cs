using System.Globalization;

namespace UnlockDaemon.Linux.Storage;

/// <summary>Memory of this machine, in bytes. Source: /proc/meminfo, proc(5).</summary>
/// <param name="Total">All of it.</param>
/// <param name="Available">What programs could still have without swapping.</param>
internal sealed record MemoryInfo(long Total, long Available)
{
    /// <exception cref="LinuxException">It cannot be read.</exception>
    internal static MemoryInfo Read() => Parse(KernelText.Read("/proc/meminfo"));

    internal static MemoryInfo Parse(string text)
    {
        ILookup<string, long> values = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries))
            .ToLookup(static words => words[0], static words => long.Parse(
                words[1], NumberStyles.None, CultureInfo.InvariantCulture) * 1024);
        return new MemoryInfo(values["MemTotal"].First(), values["MemAvailable"].First());
    }
}
