using System.Globalization;

namespace UnlockDaemon.Linux.Storage;

/// <summary>
/// The Unix sockets of a network namespace that are bound to a path. Source: proc(5), /proc/net/unix.
/// </summary>
internal sealed class BoundSockets
{
    private readonly Dictionary<ulong, string> _paths = [];

    /// <summary>Reads them.</summary>
    /// <param name="process">A process in the namespace.</param>
    internal BoundSockets(ProcessDirectory process)
    {
        // "Num RefCount Protocol Flags Type St Inode Path"; a name that is no file begins with "@".
        foreach (string line in KernelText.Lines(process.Path + "/net/unix"))
        {
            string[] fields = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 8 && fields[7][0] == '/'
                && ulong.TryParse(fields[6], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
                _paths[inode] = fields[7];
        }
    }

    /// <summary>The path that a socket is bound to, as its process named it; null when to none.</summary>
    /// <param name="inode">The socket's.</param>
    internal string? PathOf(ulong inode) => _paths.GetValueOrDefault(inode);
}
