using System.Diagnostics;
using UnlockDaemon.Linux;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol;
using UnlockDaemon.Storage;
using UnlockDaemon.Storage.Configuration;
using UnlockDaemon.Storage.Machine;

namespace UnlockDaemon.Containers;

/// <summary>
/// Moves a volume from a container without a header to a LUKS2 container, made beside it. Interrupted anywhere, it goes
/// on from there; until the switch, the old container is only read.
/// </summary>
internal sealed class Conversion
{
    // What libcryptsetup leaves for the LUKS2 header, and what the size is rounded to.
    private const long HeaderLength = 16L << 20;
    private const long Alignment = 4096;

    // The loop device of the mapping that was read from goes away by itself, a moment after it was closed.
    private static readonly TimeSpan s_ownLoopLimit = TimeSpan.FromSeconds(5);

    private readonly VolumeConfiguration _before;
    private readonly UnlockdConfiguration _after;
    private readonly ConversionFiles _files;
    private ConversionJournal? _journal;

    /// <summary>Describes a conversion; nothing is touched.</summary>
    /// <param name="before">The volume as it is configured.</param>
    /// <param name="after">The configuration with the new format.</param>
    /// <exception cref="LinuxException">There is a journal, and it is not one.</exception>
    public Conversion(VolumeConfiguration before, UnlockdConfiguration after)
    {
        ArgumentNullException.ThrowIfNull(before);
        (_before, _after) = (before, after);
        _files = new ConversionFiles(before.Container);
        _journal = ConversionJournal.TryRead(_files);
    }

    /// <summary>The names beside the container.</summary>
    public ConversionFiles Files => _files;

    /// <summary>Whether there is still something to copy or to compare.</summary>
    public bool NeedsPassphrase => _journal is not { Stage: ConversionStage.Switching };

    /// <summary>Bytes that were copied before, when an interrupted one goes on; otherwise 0.</summary>
    public long Copied => _journal?.Copied ?? 0;

    /// <summary>The SHA-256 of the contents of both containers, once they were compared.</summary>
    public string Checksum => _journal?.Checksum ?? "";

    private string OldName => MappingNames.NameFor(_before.MountPoint, Instance.Current) + MappingNames.ConversionSuffix + "old";

    private string FreshName => MappingNames.NameFor(_before.MountPoint, Instance.Current) + MappingNames.ConversionSuffix + "new";

    /// <summary>Says why it cannot begin, or go on.</summary>
    /// <returns>The reason and what to do, as a sentence for the operator; or null.</returns>
    public string? FindObstacle()
    {
        if (_journal is { Stage: ConversionStage.Switching } journal)
            return new ConversionSwitch(_files, journal).FindFault();
        if (_before.Format == ContainerFormat.Luks)
            return $"{_before.Container} is configured as luks already: there is nothing to convert";
        if (new ContainerFile(_before.Container).FindFault(luks: false) is { } fault)
            return fault;
        if (new ContainerFile(_before.Container).IsBlockDevice)
            return $"{_before.Container} is a block device, and a container is converted into a file beside it: "
                + "make a new volume with 'unlockctl create', and copy the files";
        if (File.ResolveLinkTarget(_before.Container, returnFinalTarget: true) is { } target)
            return $"{_before.Container} is a symbolic link, and a container is converted into a file beside it: write "
                + $"'container: {target.FullName}' in the configuration, 'systemctl restart {Instance.Current.Unit}', "
                + "and try again";
        if (Path.Exists(_files.Old))
            return $"{_files.Old} exists, and the old container is to have that name: move it away, or remove it";
        if (LoopDevice.FindByBackingFile(FileIdentity.Of(_before.Container)) is { } loop)
            return $"{_before.Container} is in use ({loop.Path}): 'unlockctl lock' first; or another conversion "
                + "is under way";
        return _journal is null or { Stage: ConversionStage.Making } ? FindObstacleToMake() : FindOtherPair(_journal);
    }

    /// <summary>Makes the new container, or goes on with it, until both have the same contents.</summary>
    /// <param name="passphrase">Opens the old container.</param>
    /// <param name="newPassphrase">Opens the new one; may be the same.</param>
    /// <param name="step">Told what is being done.</param>
    /// <param name="bar">Makes a bar for so many bytes.</param>
    /// <param name="cancellation">Ends the work; the next run goes on from there.</param>
    /// <returns>Null when both are the same; otherwise what is wrong.</returns>
    /// <exception cref="LinuxException">A step failed.</exception>
    /// <exception cref="IOException">A disk fails or is full.</exception>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public string? Run(Passphrase passphrase, Passphrase newPassphrase, Action<string> step,
        Func<long, IProgress<long>> bar, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(bar);
        // It may have been unlocked while the operator typed.
        if (FindObstacle() is { } late)
            return late;
        // The daemon will convert what is typed as it did for the old one.
        PassphraseEncoding? encoding = _after.Volume.Encoding;
        using Passphrase? converted = encoding?.TryConvert(newPassphrase);
        if (encoding is not null && converted is null)
            return $"choose another passphrase for the new container: {LinuxOpening.NoPlaceIn(encoding)}";
        using OpenMapping? old = TryOpen(_before, OldName, passphrase, write: false);
        if (old is null)
            return $"wrong passphrase for {_before.Container}";
        if (_journal is null or { Stage: ConversionStage.Making })
            Make(old.Size, converted ?? newPassphrase, step, bar, cancellation);
        using OpenMapping? fresh = TryOpen(_after.Volume with { Container = _files.New }, FreshName,
            newPassphrase, write: true);
        if (fresh is null || fresh.Size < old.Size)
        {
            return fresh is null
                ? $"the passphrase does not open {_files.New}: give the one it was made with (--new-passphrase-file)"
                : $"{_files.New} has become too small: 'unlockctl convert --abort', and begin anew";
        }

        return Fill(old, fresh, step, bar, cancellation);
    }

    /// <summary>Gives the new container the old one's name, and writes the configuration.</summary>
    /// <param name="configurationFile">The configuration.</param>
    /// <param name="newText">What it is to say: the same as now, with the new format.</param>
    /// <returns>
    /// Null when that is done; otherwise why the old container may not be what was compared: the next run compares
    /// again.
    /// </returns>
    /// <exception cref="LinuxException">A name could not be changed; the next run tries again.</exception>
    /// <exception cref="IOException">The configuration could not be written; the next run tries again.</exception>
    public string? Switch(string configurationFile, string newText)
    {
        if (FindUse() is { } use)
        {
            Note(_journal! with { Stage = ConversionStage.Copying });
            return use;
        }

        // A key kept after a lock is the old container's.
        KeptKey.WipeAll(static name => MappingNames.Belongs(name, Instance.Current));
        new ConversionSwitch(_files, _journal!).Run(configurationFile, newText);
        return null;
    }

    /// <summary>Ends it, once the daemon has read the configuration: the volume may be unlocked.</summary>
    public void Conclude() => ConversionJournal.Delete(_files);

    /// <summary>Gives it up: the new container is removed, the old one may be unlocked.</summary>
    /// <returns>Why that cannot be done; or null.</returns>
    public string? Abort()
    {
        if (_journal is null)
            return $"no conversion of {_before.Container} was begun";
        if (_journal.Stage == ConversionStage.Switching)
            return "both containers are the same, and the names are being changed: 'unlockctl convert' finishes it";
        if (CryptMapping.Find(OldName) is not null)
            return "the conversion is under way: end it first, with Ctrl-C";
        // Somebody may have put another file there since.
        if (_journal.Stage == ConversionStage.Making || ConversionFiles.InodeOf(_files.New) == _journal.NewInode)
            File.Delete(_files.New);
        ConversionJournal.Delete(_files);
        return null;
    }

    /// <summary>
    /// Says that somebody unlocked the old container before the journal kept him from that. It is asked until the
    /// configuration is written, the first step of the switch; a container with its name changed is the new one.
    /// </summary>
    private string? FindUse()
    {
        if (_before.Format == ContainerFormat.Luks
            || ConversionFiles.InodeOf(_files.Container) != _journal!.OldInode)
            return null;
        FileIdentity container = FileIdentity.Of(_files.Container);
        for (long started = Stopwatch.GetTimestamp(); LoopDevice.FindByBackingFile(container) is { } loop;
            Thread.Sleep(50))
        {
            if (Stopwatch.GetElapsedTime(started) > s_ownLoopLimit)
                return $"{_files.Container} was unlocked meanwhile ({loop.Path}): 'unlockctl lock', then "
                    + "'unlockctl convert'";
        }

        return ConversionJournal.LastWrite(_files.Container) == _journal.OldWritten
            ? null
            : $"{_files.Container} was written to meanwhile: 'unlockctl convert' copies it again";
    }

    private string? FindObstacleToMake()
    {
        bool begun = _journal is not null && File.Exists(_files.New);
        if (!begun && Path.Exists(_files.New))
            return $"{_files.New} exists, and is not of an interrupted conversion: nothing is ever overwritten, "
                + "move it away";
        long size = NewSize(new ContainerFile(_before.Container).Size);
        return DiskSpace.Around(_before.Container)
            .Refuse(_before.Container, size - (begun ? new ContainerFile(_files.New).Allocated : 0));
    }

    private string? FindOtherPair(ConversionJournal journal) =>
        ConversionFiles.InodeOf(_files.Container) != journal.OldInode
        || ConversionFiles.InodeOf(_files.New) != journal.NewInode
        || new ContainerFile(_files.New).Uuid != journal.Uuid
            ? $"{_files.Journal} is of other files than {_files.Container} and {_files.New}: bring those back, or "
                + "'unlockctl convert --abort' and begin anew"
            : null;

    private void Make(
        long length, Passphrase passphrase, Action<string> step, Func<long, IProgress<long>> bar,
        CancellationToken cancellation)
    {
        _journal = new(ConversionStage.Making, FileIdentity.Of(_files.Container).Inode,
            ConversionJournal.LastWrite(_files.Container), length);
        _journal.Write(_files);
        try
        {
            File.Delete(_files.New);
            step($"allocating {_files.New}");
            long size = NewSize(length);
            new ContainerFile(_files.New).Allocate(size, random: false, bar(size), cancellation);
            step("writing the LUKS2 header (the key derivation is measured, a few seconds)");
            CryptDevice.FormatLuks2(_files.New, passphrase, KeyDerivation.ForPassphrase());
            new ContainerFile(_files.New).Flush();
            cancellation.ThrowIfCancellationRequested();
        }
        catch
        {
            Abort(_files);
            throw;
        }

        Note(_journal with
        {
            Stage = ConversionStage.Copying,
            NewInode = FileIdentity.Of(_files.New).Inode,
            Uuid = new ContainerFile(_files.New).Uuid!,
        });
    }

    private static void Abort(ConversionFiles files)
    {
        File.Delete(files.New);
        ConversionJournal.Delete(files);
    }

    private string? Fill(OpenMapping old, OpenMapping fresh, Action<string> step,
        Func<long, IProgress<long>> bar, CancellationToken cancellation)
    {
        ConversionJournal journal = _journal!;
        if (journal.Copied > 0 && ConversionJournal.LastWrite(_files.Container) != journal.OldWritten)
        {
            step($"{_files.Container} was written to since the last run: copying all of it again");
            Note(journal with { OldWritten = ConversionJournal.LastWrite(_files.Container), Copied = 0 });
        }

        ConversionCopy copy = new(old, fresh, journal.Length, cancellation);
        if (_journal!.Copied < journal.Length)
        {
            step(_journal.Copied > 0 ? $"going on at {Sizes.Text(_journal.Copied)}" : "copying");
            copy.Run(_journal.Copied, at => Note(_journal with { Copied = at }), bar(journal.Length));
        }

        step("reading both back from the disk and comparing their checksums");
        old.DropCache(_files.Container);
        fresh.DropCache(_files.New);
        (string first, string second) = copy.Compare(bar(journal.Length));
        bool same = first == second && ConversionJournal.LastWrite(_files.Container) == _journal.OldWritten;
        Note(same
            ? _journal with { Stage = ConversionStage.Switching, Checksum = first }
            : _journal with { OldWritten = ConversionJournal.LastWrite(_files.Container), Copied = 0 });
        return same ? null : $"the copy is not the same (SHA-256 {first} and {second}): the old container was written "
            + "to meanwhile, or a disk fails ('journalctl -k'). The next 'unlockctl convert' copies all of it again";
    }

    private void Note(ConversionJournal journal)
    {
        journal.Write(_files);
        _journal = journal;
    }

    private static long NewSize(long length) => (length + HeaderLength + Alignment - 1) / Alignment * Alignment;

    private static OpenMapping? TryOpen(VolumeConfiguration volume, string name, Passphrase passphrase, bool write)
    {
        // Left by one that was killed in the moment between the mapping and its opening; one in use is another's.
        if (CryptMapping.Find(name) is not null)
            CryptDevice.Deactivate(name);
        return new LinuxOpening(volume, name).Open(volume.Container, passphrase, keep: null).IsDone
            ? new OpenMapping(name, write)
            : null;
    }
}
