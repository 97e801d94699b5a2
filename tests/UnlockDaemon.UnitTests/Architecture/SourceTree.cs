namespace UnlockDaemon.UnitTests.Architecture;

/// <summary>The program's source, for tests that look at it.</summary>
internal static class SourceTree
{
    /// <summary>The directory src.</summary>
    internal static string Root
    {
        get
        {
            DirectoryInfo? directory = new(AppContext.BaseDirectory);
            while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "UnlockDaemon.sln")))
                directory = directory.Parent;
            return Path.Combine(directory!.FullName, "src");
        }
    }

    /// <summary>All files that were written by hand.</summary>
    /// <param name="folder">Below src.</param>
    internal static IEnumerable<string> Files(string folder = "") =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal));
}
