using System.Globalization;
using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Containers;

/// <summary>
/// How far the conversion of a container is, beside it on the same disk. It fits one pair of files: they are known by
/// their inodes, which renaming does not change, and the new one by its UUID too.
/// </summary>
/// <param name="Stage">How far it is.</param>
/// <param name="OldInode">The old container.</param>
/// <param name="OldWritten">
/// When the old container was last written to, in ticks; a later time makes the copy worthless.
/// </param>
/// <param name="Length">Bytes that are to be copied: the size of the old volume, in the clear.</param>
/// <param name="NewInode">The new container; 0 while it is being made.</param>
/// <param name="Uuid">The UUID of its LUKS header; "-" while it is being made.</param>
/// <param name="Copied">Bytes that are on the disk in the new container.</param>
/// <param name="Checksum">SHA-256 of the contents of both; "-" before they were compared.</param>
internal sealed record ConversionJournal(ConversionStage Stage, ulong OldInode, long OldWritten, long Length,
    ulong NewInode = 0, string Uuid = "-", long Copied = 0, string Checksum = "-")
{
    private const string Title = "unlockd conversion 1";

    /// <summary>Reads it.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="LinuxException">It was not written by this program.</exception>
    internal static ConversionJournal? TryRead(ConversionFiles files)
    {
        if (!File.Exists(files.Journal))
            return null;
        return File.ReadAllLines(files.Journal) is [Title, var stage, var old, var written, var length, var fresh,
            var uuid, var copied, var sum]
            && Enum.TryParse(stage, out ConversionStage known)
            && ulong.TryParse(old, out ulong oldInode) && long.TryParse(written, out long oldWritten)
            && long.TryParse(length, out long bytes) && ulong.TryParse(fresh, out ulong newInode)
            && long.TryParse(copied, out long done)
            ? new(known, oldInode, oldWritten, bytes, newInode, uuid, done, sum)
            : throw new LinuxException("go on with", files.Journal, 0,
                "it is not the journal of a conversion: look at it, and remove it if it is not needed");
    }

    /// <summary>When a container was last written to.</summary>
    internal static long LastWrite(string path) => File.GetLastWriteTimeUtc(path).Ticks;

    /// <summary>Has it on the disk: what it says of the containers must be there before.</summary>
    internal void Write(ConversionFiles files)
    {
        string text = string.Join('\n', Title, Stage, Number(OldInode), Number(OldWritten), Number(Length),
            Number(NewInode), Uuid, Number(Copied), Checksum) + "\n";
        WholeFile.Write(files.Journal, Encoding.ASCII.GetBytes(text), durable: true);
        FileName.Flush(files.Journal);
    }

    /// <summary>Removes it, for good.</summary>
    internal static void Delete(ConversionFiles files)
    {
        File.Delete(files.Journal);
        FileName.Flush(files.Journal);
    }

    private static string Number(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}

/// <summary>How far a conversion is.</summary>
internal enum ConversionStage
{
    /// <summary>The new container is being made; what there is of it is worth nothing.</summary>
    Making,

    /// <summary>The new container is a LUKS container, filled up to a mark.</summary>
    Copying,

    /// <summary>Both have the same contents: names and configuration are being changed.</summary>
    Switching,
}
