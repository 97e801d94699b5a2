namespace UnlockDaemon.Storage.Configuration;

/// <summary>Names of terminals that a person can sit at.</summary>
internal static class ConsoleName
{
    internal static readonly string[] Usual = ["tty1", "hvc0", "ttyS0"];

    // Source: Documentation/admin-guide/devices.txt of the kernel, and the gettys of systemd-getty-generator(8).
    private static readonly string[] s_families = ["ttyS", "ttyAMA", "ttyUSB", "hvc", "xvc", "tty"];

    /// <summary>What is wrong with a console, as it follows its name; null for nothing.</summary>
    internal static string? Problem(string name)
    {
        if (name.StartsWith("/dev/", StringComparison.Ordinal) && Problem(name[5..]) is null)
            return $"is a path; write {name[5..]}";
        if (name == "tty0")
            return "stands for whichever terminal is shown; write tty1";
        if (name == "console")
            return "stands for another terminal; write the one that /sys/class/tty/console/active names";
        return Array.Exists(s_families, family => IsOf(family, name))
            ? null
            : "is not a console unlockd knows; write one such as tty1, ttyS0 or hvc0";
    }

    private static bool IsOf(string family, string name) =>
        name.StartsWith(family, StringComparison.Ordinal)
        && name.Length - family.Length is 1 or 2
        && !name.AsSpan(family.Length).ContainsAnyExceptInRange('0', '9');
}
