namespace UnlockDaemon.Rig;

/// <summary>Where the harness keeps what: the repository, the cache, the disks of running guests, the logs.</summary>
public static class Workplace
{
    private static int s_count;

    /// <summary>The repository that this program was built from.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>What is made once and reused, as in tests/guest/common.sh.</summary>
    public static string Cache { get; } =
        Environment.GetEnvironmentVariable("UNLOCKD_CACHE") ?? "/var/cache/unlockd-build";

    /// <summary>Console logs of guests, kept for a look after a failure; the newest sixty stay.</summary>
    public static string Logs { get; } = Directory.CreateDirectory(Path.Combine(Cache, "logs")).FullName;

    /// <summary>The private key that every guest's root accepts.</summary>
    internal static string SshKey => Path.Combine(Cache, "ssh", "id_ed25519");

    /// <summary>A new directory for the files of one guest; left-overs of killed runs go on the way.</summary>
    internal static string NewRunDirectory()
    {
        string runs = Directory.CreateDirectory(Path.Combine(Cache, "run")).FullName;
        foreach (string left in Directory.GetDirectories(runs))
        {
            if (!Directory.Exists($"/proc/{Path.GetFileName(left).Split('-')[0]}"))
                Remove(left);
        }

        string name = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        return Directory.CreateDirectory(Path.Combine(runs, name)).FullName;
    }

    /// <summary>A new directory for the logs of one guest.</summary>
    internal static string NewLogDirectory(string guest)
    {
        string[] old = Directory.GetDirectories(Logs);
        Array.Sort(old, StringComparer.Ordinal);
        foreach (string directory in old.AsSpan(0, Math.Max(0, old.Length - 59)))
            Directory.Delete(directory, recursive: true);
        string name = $"{DateTime.UtcNow:yyyyMMdd-HHmmss.fff}-{guest}";
        return Directory.CreateDirectory(Path.Combine(Logs, name)).FullName;
    }

    private static void Remove(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (IOException)
        {
            // Another run removes it at the same time; what both miss, the next one finds.
        }
    }

    private static string FindRepository()
    {
        for (string? path = AppContext.BaseDirectory; path is not null; path = Path.GetDirectoryName(path))
        {
            if (File.Exists(Path.Combine(path, "UnlockDaemon.sln")))
                return path;
        }

        throw new DirectoryNotFoundException(
            $"no UnlockDaemon.sln above {AppContext.BaseDirectory}; run it from where it was built");
    }
}
