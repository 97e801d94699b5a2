namespace UnlockDaemon.Linux.Storage;

/// <summary>Keys in the kernel's keyrings that this process may see. Source: /proc/keys, proc_keys(5).</summary>
public static class KeyTable
{
    /// <summary>Reads it.</summary>
    /// <returns>
    /// A line for each key: "2b1f9e0c I--Q--- 1 9m 3f050000 0 0 user unlockd:unlockd-secure: 64". Any user may give a key
    /// of their own any name. None where the kernel has no keyrings.
    /// </returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public static IReadOnlyList<string> Read() => File.Exists("/proc/keys")
        ? KernelText.Read("/proc/keys").Split('\n', StringSplitOptions.RemoveEmptyEntries)
        : [];
}
