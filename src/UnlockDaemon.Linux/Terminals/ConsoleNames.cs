namespace UnlockDaemon.Linux.Terminals;

/// <summary>The consoles to prompt on.</summary>
public static class ConsoleNames
{
    private const string Active = "/sys/class/tty/console/active";

    /// <summary>The configured consoles that exist, and those that the kernel itself uses.</summary>
    /// <param name="configured">Names as below /dev; none to ask on no console at all.</param>
    /// <param name="except">Those that are not looked at.</param>
    /// <returns>Their names, as below /dev.</returns>
    public static IReadOnlyList<string> FindExisting(
        IEnumerable<string> configured, IReadOnlyCollection<string>? except = null) =>
        Candidates(configured, ReadActive())
            .FindAll(name => except?.Contains(name) != true && Terminal.Exists("/dev/" + name));

    /// <summary>
    /// Each name once. tty0 is whichever virtual terminal is shown, so a prompt there would be one too many.
    /// </summary>
    internal static List<string> Candidates(IEnumerable<string> configured, string active)
    {
        if (!configured.Any())
            return [];
        string[] kernels = active.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return [.. configured.Concat(kernels).Where(static name => name != "tty0").Distinct()];
    }

    private static string ReadActive() => KernelText.TryRead(Active) ?? "";
}
