using System.Buffers;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Where a volume may be mounted.</summary>
internal static class MountPointPath
{
    // Mounting on one of these, or above it, would take away what the instance, or unlockd itself, runs on.
    private static readonly string[] s_needed =
    [
        "/bin", "/boot", "/etc/unlockd", "/lib", "/lib64", "/sbin", "/tmp", "/usr/bin", "/usr/lib", "/usr/sbin",
        "/var/lib/dpkg", "/var/log", "/var/tmp",
    ];

    // Made anew at every boot: the guarded mount point would be gone.
    private static readonly string[] s_volatile = ["/dev", "/proc", "/run", "/sys", "/var/run"];

    // The mapping is named for the last part of the path, and libdevmapper rewrites other characters.
    private const int LongestName = 100;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#+-.:=@_");

    /// <summary>What is wrong with a mount point, as it follows the path; null for nothing.</summary>
    internal static string? Problem(string path)
    {
        if (AbsolutePath.Problem(path) is { } problem)
            return problem;
        if (Array.Exists(s_needed, needed => AbsolutePath.IsWithin(needed, path)))
            return "holds files that the system itself needs; write a directory of its own, such as /var/secure";
        if (Array.Exists(s_volatile, parent => AbsolutePath.IsWithin(path, parent)))
            return "is made anew at every boot; write a directory on a disk, such as /var/secure";
        string name = Path.GetFileName(path);
        return name.Length > LongestName || name.AsSpan().ContainsAnyExcept(s_allowed)
            ? $"ends in what the device mapper does not take as a name; end it in at most {LongestName} letters of the "
                + "Latin alphabet, digits and # + - . : = @ _"
            : null;
    }
}

/// <summary>Paths as the configuration wants them: absolute, and in the one spelling the kernel reports back.</summary>
internal static class AbsolutePath
{
    /// <summary>What is wrong with a path, as it follows the path itself; null for nothing.</summary>
    internal static string? Problem(string path)
    {
        if (path.Length == 0)
            return "is empty; write an absolute path";
        if (!path.StartsWith('/'))
            return "is not an absolute path; begin it with /";
        if (path.AsSpan().ContainsAnyInRange('\0', '\x1f'))
            return "has a control character in it; take it out";
        string plain = Normalise(path);
        return path == plain ? null : $"is not in its plain form; write \"{plain}\"";
    }

    /// <summary>Whether a path is a directory or lies somewhere below it. Both in plain form.</summary>
    internal static bool IsWithin(string path, string directory) =>
        path == directory || directory == "/"
        || (path.StartsWith(directory, StringComparison.Ordinal) && path[directory.Length] == '/');

    private static string Normalise(string path)
    {
        List<string> parts = [];
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else if (part is not ("." or ".."))
                parts.Add(part);
        }

        return "/" + string.Join('/', parts);
    }
}
