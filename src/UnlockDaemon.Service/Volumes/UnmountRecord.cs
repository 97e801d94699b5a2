using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// What the superblock said when the file system was unmounted, also after a restart of the daemon: once the key is
/// wiped, nobody can look any more.
/// </summary>
internal sealed class UnmountRecord
{
    private const string Mounted = "mounted";
    private const string Clean = "clean";
    private readonly BootRecord _record = new("filesystem");

    /// <summary>From now on nothing is known until it is unmounted.</summary>
    internal void NoteMounted() => _record.Write(Mounted);

    internal void NoteUnmounted(Superblock? superblock) => _record.Write(superblock switch
    {
        null => ["unclean", "no superblock could be read after the unmount"],
        { Type: "xfs" } => [Clean, "xfs: unmounted; its superblock does not tell more"],
        { IsClean: true, NeedsRecovery: false } => [Clean, $"{superblock.Type}: state clean, no recovery needed"],
        { NeedsRecovery: true } => ["unclean", $"{superblock.Type}: needs recovery"],
        _ => ["unclean", $"{superblock.Type}: not clean"],
    });

    /// <summary>What was unmounted is not what the configuration names any more.</summary>
    internal void NoteDamage(string damage) => _record.Write("unclean", damage);

    /// <returns>Whether the file system is known to be clean, and how.</returns>
    internal (bool Clean, string Detail) Judge() => _record.Read() switch
    {
        null => (true, "not mounted since this instance was booted: it is as it was then"),
        [Clean, var detail] => (true, detail),
        [Mounted] => (false, "it was not unlockd that unmounted it: unlock and lock it once more"),
        [_, var detail] => (false, detail),
        _ => (false, $"{BootRecord.Directory}/filesystem is not readable: unlock and lock the volume once more"),
    };
}
