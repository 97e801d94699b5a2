using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Containers;

/// <summary>
/// Puts the new container in the place of the old one, and its format into the configuration. Every step looks first
/// whether it was done already, so that it can be ended anywhere and begun again.
/// </summary>
/// <param name="files">The names.</param>
/// <param name="journal">Which file is which.</param>
internal sealed class ConversionSwitch(ConversionFiles files, ConversionJournal journal)
{
    private static ReadOnlySpan<byte> ByteOrderMark => Encoding.UTF8.Preamble;

    /// <summary>Says why the names are not those of any step.</summary>
    /// <remarks>The old one may be gone once the new one is in its place.</remarks>
    internal string? FindFault() => (Find(journal.NewInode), Find(journal.OldInode)) is not (Place.Container, _)
        and not (Place.New, Place.Container or Place.Old)
        || new ContainerFile(Find(journal.NewInode) == Place.New ? files.New : files.Container).Uuid != journal.Uuid
        ? $"{files.Journal} names two files that are not both beside it any more (inodes {journal.OldInode} and "
            + $"{journal.NewInode}): bring them back to {files.Container} and {files.New}, or remove the journal"
        : null;

    /// <summary>Makes the change.</summary>
    /// <param name="configurationFile">The configuration.</param>
    /// <param name="configuration">What it is to say; the same as it says when that was done already.</param>
    /// <exception cref="LinuxException">A name is taken, or the disk does not take it.</exception>
    /// <exception cref="IOException">The configuration cannot be written.</exception>
    internal void Run(string configurationFile, string configuration)
    {
        WriteConfiguration(configurationFile, configuration);
        // Where the two cannot be exchanged, no file has the container's name for a moment; the journal is there.
        if (Find(journal.NewInode) == Place.New && Find(journal.OldInode) == Place.Container
            && !FileName.TryExchange(files.New, files.Container))
            FileName.Change(files.Container, files.Old);
        if (Find(journal.OldInode) == Place.New)
            FileName.Change(files.New, files.Old);
        if (Find(journal.NewInode) == Place.New)
            FileName.Change(files.New, files.Container);
    }

    private static void WriteConfiguration(string path, string text)
    {
        string target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        byte[] before = File.ReadAllBytes(target);
        byte[] after = Encoding.UTF8.GetBytes(text);
        if (before.AsSpan().StartsWith(ByteOrderMark))
            after = [.. ByteOrderMark, .. after];
        if (before.AsSpan().SequenceEqual(after))
            return;
        WholeFile.Write(target, after, durable: true, File.GetUnixFileMode(target));
        FileName.Flush(target);
    }

    private Place Find(ulong inode) =>
        ConversionFiles.InodeOf(files.Container) == inode ? Place.Container
        : ConversionFiles.InodeOf(files.New) == inode ? Place.New
        : ConversionFiles.InodeOf(files.Old) == inode ? Place.Old
        : Place.Nowhere;

    private enum Place
    {
        Nowhere,
        Container,
        New,
        Old,
    }
}
