namespace UnlockDaemon.Storage.Configuration;

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
