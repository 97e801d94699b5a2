namespace UnlockDaemon.Linux.Storage;

/// <summary>Who a file belongs to.</summary>
public static class FileOwner
{
    /// <summary>The user a file belongs to.</summary>
    /// <param name="path">The file; symbolic links are followed.</param>
    /// <returns>The user's number; 0 is root.</returns>
    /// <exception cref="LinuxException">The file is not there or may not be looked at.</exception>
    public static uint UserId(string path) => FileStatus.Read(path).stx_uid;
}
