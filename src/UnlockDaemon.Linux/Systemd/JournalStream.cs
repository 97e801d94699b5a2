using System.Globalization;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>Whether this process's standard error goes to the journal. Source: systemd.exec(5), $JOURNAL_STREAM.</summary>
public static class JournalStream
{
    /// <summary>
    /// Whether the journal is what standard error leads to: the variable is inherited by what redirects it elsewhere.
    /// </summary>
    public static bool IsStandardError => Is(
        Environment.GetEnvironmentVariable("JOURNAL_STREAM"), FileIdentity.TryOf("/proc/self/fd/2"));

    /// <summary>Compares "device:inode" in decimal, as stat(2) has them, with a file.</summary>
    internal static bool Is(string? stream, FileIdentity? file) =>
        stream?.Split(':') is [var device, var inode]
        && ulong.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
        && ulong.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out ulong node)
        && file == new FileIdentity(DeviceNumber.FromHuge(number), node);
}
