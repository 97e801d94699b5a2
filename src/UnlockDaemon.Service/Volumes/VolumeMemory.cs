using System.Globalization;
using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage;

namespace UnlockDaemon.Service.Volumes;

/// <summary>What this daemon knows that it could not read from the kernel, and notes for those after it.</summary>
/// <param name="machine">Keeps the notes.</param>
internal sealed class VolumeMemory(IMachine machine)
{
    private BootMemory? _noted;

    // An earlier daemon's word is not bound to what the container looks like by now.
    private bool _isOwnWord;

    /// <summary>The UUID of the header when the volume was first seen unlocked.</summary>
    internal string? Uuid { get; set; }

    /// <summary>How the file system was left; null when that is not known.</summary>
    internal FilesystemMemory? Filesystem => _noted?.Filesystem;

    /// <summary>The hold that was noted.</summary>
    internal HoldMemory? Hold => _noted?.Hold;

    /// <summary>The services that are to run; null when that was never said in this boot.</summary>
    internal IReadOnlyList<string>? Wanted => _noted?.Wanted;

    /// <summary>Reads what an earlier daemon of this boot noted.</summary>
    /// <returns>Whether there is anything.</returns>
    internal bool Recall() => (_noted = machine.Recall()) is not null;

    /// <summary>Notes the services that are to run.</summary>
    internal void NoteWanted(IReadOnlyList<string> services) => Note(Known with { Wanted = services });

    /// <summary>Notes a hold, or that there is none.</summary>
    internal void NoteHold(HoldMemory? hold) => Note(Known with { Hold = hold });

    /// <summary>From now on nothing is known of the file system until it is unmounted.</summary>
    internal void NoteMounted() => Note(FilesystemVerdict.Mounted, "");

    /// <summary>Notes how the file system was left.</summary>
    /// <param name="superblock">What it says; null when it could not be read.</param>
    internal void NoteUnmounted(Superblock? superblock)
    {
        (FilesystemVerdict verdict, string detail) = superblock switch
        {
            null => (FilesystemVerdict.Unclean, "no superblock could be read after the unmount"),
            { Type: "xfs" } => (FilesystemVerdict.Clean, "xfs: unmounted; its superblock does not tell more"),
            { IsClean: true, NeedsRecovery: false } =>
                (FilesystemVerdict.Clean, $"{superblock.Type}: state clean, no recovery needed"),
            { NeedsRecovery: true } => (FilesystemVerdict.Unclean, $"{superblock.Type}: needs recovery"),
            _ => (FilesystemVerdict.Unclean, $"{superblock.Type}: not clean"),
        };
        Note(verdict, detail);
    }

    /// <summary>What was unmounted is not what the configuration names any more, or is not as it should be.</summary>
    internal void NoteUnclean(string why) => Note(FilesystemVerdict.Unclean, why);

    /// <summary>The first daemon of this boot found the container closed.</summary>
    /// <param name="seen">A look with <see cref="Aspects.Seal"/>.</param>
    internal void NoteUntouched(Snapshot seen) => Note(Known with
    {
        Filesystem = new(FilesystemVerdict.Untouched, "not mounted since this instance was booted: it is as it was then",
            seen.Container.Identity?.ToString(), seen.Seal),
    });

    /// <summary>Binds what is known of the file system to the container that it was in, as it looks now.</summary>
    /// <param name="seen">A look with <see cref="Aspects.Seal"/>, taken as soon as the mapping is gone.</param>
    internal void Seal(Snapshot seen)
    {
        if (_isOwnWord && Filesystem is { Verdict: FilesystemVerdict.Clean, Seal: null } open)
            Note(Known with
            {
                Filesystem = open with
                {
                    Container = seen.Container.Identity?.ToString(),
                    Seal = seen.Seal,
                },
            });
    }

    private BootMemory Known => _noted ?? new BootMemory();

    private void Note(FilesystemVerdict verdict, string detail)
    {
        _isOwnWord = true;
        Note(Known with { Filesystem = new(verdict, detail) });
    }

    private void Note(BootMemory memory)
    {
        _noted = memory;
        machine.Remember(memory);
    }
}

/// <summary>The volume is locked on purpose: nobody is prompted, and nobody may unlock.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Until">
/// When it ends by itself, so that an aborted migration does not leave the services down in silence; by the clock on the
/// wall, as it is set now; what ends it is a timer, which no clock that is put right changes.
/// </param>
/// <param name="Owner">Whose it is; null for an operator's.</param>
public sealed record Hold(string Reason, DateTimeOffset Until, string? Owner = null)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Reason}, until {Until.LocalDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}";
}
