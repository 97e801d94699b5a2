using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Storage;

/// <summary>What is wrong, from what was seen. Looks at nothing itself.</summary>
internal static class Diagnosis
{
    // Smaller than this no file system with a journal fits behind a LUKS2 header of 16 MiB.
    private const long SmallestContainer = 1 << 20;

    // These go away with the services and their mounts, or are the kernel's; the unmount itself will tell.
    private static readonly string[] s_uncertain =
        ["mount-namespace", "mount", "swap", "loop", "device-mapper", "nfs-export"];

    /// <summary>Says why the volume cannot be unlocked, whatever the passphrase.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="seen">A look with <see cref="Aspects.Entry"/>.</param>
    internal static Fault? OfEntry(VolumeConfiguration volume, Snapshot seen)
    {
        EntryFacts entry = seen.Entry!;
        return entry.Conversion is { } conversion ? new(FaultKind.Conversion, conversion)
            : OfLoss(volume, seen) ?? OfContainer(volume, seen) ?? entry.Trouble ?? OfKey(volume, entry)
                ?? OfMountPoint(volume, seen);
    }

    /// <summary>Says how to save a container that was deleted and is still attached.</summary>
    internal static Fault? OfLoss(VolumeConfiguration volume, Snapshot seen) => seen.Lost is not { } lost
        ? null
        : new(FaultKind.Damage, $"a container was deleted while it was unlocked, and {lost.Path} is all that is left "
            + $"of it: save it with 'cp --sparse=always {lost.Path} {volume.Container}"
            + $"{(seen.Container.Kind == ContainerKind.Missing ? "" : ".saved")}' "
            + $"before 'losetup -d {lost.Path}', or the next boot, deletes it for good");

    /// <summary>Says that something else is mounted in the volume's place.</summary>
    internal static Fault? OfStranger(VolumeConfiguration volume, Snapshot seen) =>
        seen.Mount is { IsOurs: false } other
            ? new(FaultKind.MountPoint, $"{other.Source} is mounted on {volume.MountPoint}, and not by unlockd",
                "unmount it, and close what it is on")
            : null;

    /// <summary>Says what became of container and file system while they were in use.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="seen">A look with <see cref="Aspects.Health"/>.</param>
    /// <param name="uuid">The header's UUID when the volume was first seen unlocked; null if that is not known.</param>
    internal static Fault? OfHealth(VolumeConfiguration volume, Snapshot seen, string? uuid)
    {
        if (!seen.IsMapped)
            return null;
        return OfBacking(volume, seen) ?? seen.Health!.Trouble ?? OfHeaderChange(volume, seen.Health.Uuid, uuid)
            ?? OfErrors(volume, seen);
    }

    /// <summary>Says that somebody else has a device on the container, which no lock takes away.</summary>
    internal static Fault? OfGuest(VolumeConfiguration volume, Snapshot seen) =>
        seen.Loops.FirstOrDefault(static loop => !loop.IsWhole) is { } guest
            ? new(FaultKind.InUse, $"{guest.Path} is attached to {volume.Container} by somebody else, and shows a part of "
                + "it or takes no writes", $"detach it with 'losetup -d {guest.Path}'")
            : null;

    /// <summary>Says why a lock would fail, before anything is stopped.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="seen">A look with <see cref="Aspects.Holders"/> and <see cref="Aspects.Leftovers"/>.</param>
    /// <param name="evicted">Processes that may be ended.</param>
    /// <returns>Why, and who; null when nothing is known to be in the way.</returns>
    internal static (Fault Fault, IReadOnlyList<Holder> Holders)? OfLock(
        VolumeConfiguration volume, Snapshot seen, IReadOnlyCollection<int> evicted)
    {
        // No lock takes these down, and none would be proven.
        string[] foreign = [.. seen.Leftovers!.Mappings.Where(path => path != seen.Mapping?.Path && path != seen.Integrity)];
        if (foreign is [var mapping, ..])
            return (new(FaultKind.InUse, mapping), []);
        Holder[] strangers = [.. StrangersIn(seen).Where(holder => !evicted.Contains(holder.Pid))];
        return strangers.Length == 0
            ? null
            : (new(FaultKind.InUse, $"{volume.MountPoint} is in use: {Name(strangers)}"), strangers);
    }

    /// <summary>Those who hold the volume, are no services of it, and will not let go by themselves.</summary>
    internal static IEnumerable<Holder> StrangersIn(Snapshot seen) =>
        seen.Holders!.Where(static holder => !s_uncertain.Contains(holder.Kind));

    /// <summary>The first of them by name: what they have open is for root alone.</summary>
    internal static string Name(IEnumerable<Holder> holders) =>
        string.Join("; ", holders.Take(3).Select(static holder => holder.Name));

    /// <summary>Says why what is on the mapping cannot be mounted, or null.</summary>
    internal static StepResult? OfFilesystem(VolumeConfiguration volume, Snapshot seen)
    {
        MappingFacts mapping = seen.Mapping!;
        if (seen.Superblock!.Trouble is { } trouble)
            return StepResult.Failed(trouble);
        if (seen.Superblock.Found is not { } superblock)
            return Broken($"no file system is on {mapping.Path}", $"look at it with 'blkid -p {mapping.Path}'");
        return superblock.Size > mapping.Size
            ? StepResult.Failed(new(FaultKind.Filesystem, $"the file system on {volume.Container} is larger than its "
                + $"container ({superblock.Size} bytes, and there is room for {mapping.Size}): the container was "
                + "truncated; restore it"))
            : null;
    }

    /// <summary>Says why it is to be checked before it is mounted; null when it is not.</summary>
    internal static string? ReasonToCheck(Superblock superblock) => superblock switch
    {
        { Type: "xfs" } => null,
        { IsClean: false } or { NeedsRecovery: true } => "it was not unmounted cleanly",
        { CheckIsDue: true } => "its schedule asks for it",
        _ => null,
    };

    /// <summary>A file system that needs a person: what to do with it.</summary>
    internal static StepResult Broken(string what, string advice) => new(StepEnd.NeedsPerson, new Fault(
        FaultKind.Filesystem, $"{what}: {advice}, then 'unlockctl unlock'; or give up with 'unlockctl lock'"));

    private static Fault? OfContainer(VolumeConfiguration volume, Snapshot seen)
    {
        string path = volume.Container;
        return seen.Container switch
        {
            { Kind: ContainerKind.Missing } =>
                Of($"container {path} is missing: restore it, or make one with 'unlockctl create {path} --size 10G'"),
            { Kind: ContainerKind.Directory } =>
                Of($"container {path} is a directory: volume.container must name the container file"),
            { Kind: ContainerKind.Other } => Of($"container {path} is neither a regular file nor a block device"),
            { Size: < SmallestContainer and var size } =>
                Of($"container {path} is too small to hold a volume ({size} bytes): it may have been truncated"),
            _ when seen.Entry!.Trouble is not null => null,
            _ => OfHeader(volume, seen),
        };

        static Fault Of(string what) => new(FaultKind.Container, what);
    }

    private static Fault? OfHeader(VolumeConfiguration volume, Snapshot seen)
    {
        EntryFacts entry = seen.Entry!;
        // With its header elsewhere, the container may well begin with what is left of an old one.
        if (volume.Header is not null)
            return null;
        return (volume.Format == ContainerFormat.Luks, entry.HasLuksMagic) switch
        {
            (true, false) => new(FaultKind.Container, $"container {volume.Container} has no LUKS header: it is "
                + "damaged, or volume.format is wrong (loop-aes?); if it was overwritten, restore the header from "
                + "its backup"),
            (false, true) => new(FaultKind.Container,
                $"container {volume.Container} has a LUKS header: write 'format: luks' into the configuration"),
            _ when entry.DataOffset >= seen.Container.Size => new(FaultKind.Container,
                $"container {volume.Container} ends before its data begin ({seen.Container.Size} bytes, the header "
                + $"wants more than {entry.DataOffset}): it was truncated; restore it"),
            _ => null,
        };
    }

    private static Fault? OfKey(VolumeConfiguration volume, EntryFacts entry) => entry switch
    {
        { HasHeaderFile: false } => new(FaultKind.Key,
            $"the LUKS header {volume.Header} (volume.header) is missing: restore it from its backup"),
        { HasHeaderFile: true, HasLuksMagic: false } => new(FaultKind.Key,
            $"{volume.Header} (volume.header) is no LUKS header: restore it from its backup"),
        { HasKeyFile: false } => new(FaultKind.Key, $"the key file {volume.KeyFile} (volume.key_file) is missing: "
            + "restore it; without it nothing opens the volume"),
        { HasKeyFile: true, CanDecryptKeyFile: false } => new(FaultKind.Key,
            $"{GpgKeyFile.Program}, which decrypts {volume.KeyFile}, is not installed: 'apt install gpg'"),
        _ => null,
    };

    private static Fault? OfMountPoint(VolumeConfiguration volume, Snapshot seen)
    {
        string path = volume.MountPoint;
        EntryFacts entry = seen.Entry!;
        if (entry.MountPointTarget is null)
            return Of($"mount point {path} is missing: make it with 'mkdir {path}'");
        if (entry.MountPointTarget != path)
        {
            return Of($"mount point {path} leads to {entry.MountPointTarget} by a symbolic link: write "
                + $"'mount_point: {entry.MountPointTarget}' into the configuration, then 'unlockctl apply' and "
                + "'systemctl restart unlockd'");
        }

        if (OfStranger(volume, seen) is { } stranger)
            return stranger;
        return entry.FirstEntry is { } name
            ? Of($"mount point {path} is not empty ({name} is in it): move away what was written there while the "
                + "volume was locked")
            : null;

        static Fault Of(string what) => new(FaultKind.MountPoint, what);
    }

    private static Fault? OfBacking(VolumeConfiguration volume, Snapshot seen)
    {
        if (seen.Mapping!.Lower is not { } device)
            return null;
        if (seen.Strays.Contains(device))
            return DescribeLoss(volume, seen, device);
        return device.Size > seen.Container.Size
            ? new(FaultKind.Damage, $"container {volume.Container} was truncated while it was unlocked, to "
                + $"{seen.Container.Size} of {device.Size} bytes: what lay behind that is lost; copy what can still "
                + "be read out of the volume, then restore the container")
            : null;
    }

    private static Fault DescribeLoss(VolumeConfiguration volume, Snapshot seen, LoopFacts device)
    {
        string path = volume.Container;
        bool replaced = seen.Container.Kind != ContainerKind.Missing;
        if (device.BackingFile is not { } elsewhere)
        {
            return new(FaultKind.Damage, $"container {path} was {(replaced ? "replaced" : "deleted")} while it was "
                + $"unlocked: what is written now is on {device.Path} alone; run 'unlockctl lock', which keeps that, "
                + "and says how to save it");
        }

        string back = $"'mv -n {elsewhere} {path}'";
        return new(FaultKind.Damage, $"container {path} was moved to {elsewhere} while it was unlocked"
            + (replaced
                ? $", and another file is in its place: move it back ('mv -n {path} {path}.other', then {back})"
                : $": move it back ({back})"));
    }

    /// <summary>A header that changes under an open volume is found out too late otherwise: at the next unlock.</summary>
    private static Fault? OfHeaderChange(VolumeConfiguration volume, string? now, string? before) =>
        before is null || now == before
            ? null
            : new(FaultKind.Damage, $"the LUKS header in {volume.Header ?? volume.Container} was overwritten while it "
                + "was unlocked: it will not open again. Do not lock it: restore the header from its backup, or copy "
                + "the data out of the volume, first");

    private static Fault? OfErrors(VolumeConfiguration volume, Snapshot seen)
    {
        bool takesNoWrites = seen.Mount is { IsOurs: true, IsReadOnly: true };
        return (seen.IsMounted && seen.Health!.HasErrors) || takesNoWrites
            ? new(FaultKind.Filesystem, $"the file system on {volume.MountPoint} has had "
                + $"errors{(takesNoWrites ? " and takes no writes" : "")}: 'journalctl -k' says if the disk below "
                + "failed; if it did not, 'unlockctl lock', and the next unlock mends it")
            : null;
    }
}
