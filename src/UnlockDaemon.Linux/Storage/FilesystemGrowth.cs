namespace UnlockDaemon.Linux.Storage;

/// <summary>A mounted file system that takes up the new size of its device, by its own tool.</summary>
public static class FilesystemGrowth
{
    /// <summary>Grows it to its device; does nothing when it is as large already.</summary>
    /// <param name="device">The device.</param>
    /// <param name="mountPoint">Where it is mounted.</param>
    /// <param name="type">ext2, ext3, ext4 or xfs.</param>
    /// <returns>Null when it has the size of its device; otherwise the tool's words.</returns>
    /// <exception cref="LinuxException">The tool is not installed.</exception>
    public static string? TryGrow(string device, string mountPoint, string type)
    {
        (string program, string subject) = type == "xfs" ? ("xfs_growfs", mountPoint) : ("resize2fs", device);
        (int code, string? said) = Tool.Run(program, subject);
        // It says its own name before it, or the path that it was called by.
        string reason = said?.Split(program + ": ")[^1] ?? $"exit code {code}";
        return code == 0 ? null : $"{program}: {reason}";
    }
}
