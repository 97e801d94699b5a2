using UnlockDaemon.Linux.Storage;
using UnlockDaemon.Protocol.Messages;

namespace UnlockDaemon.Storage;

/// <summary>The machine as it was found in one look. What was not looked at is null, and nothing follows from it.</summary>
internal sealed record Snapshot
{
    /// <summary>What is at the container's path.</summary>
    internal required ContainerFacts Container { get; init; }

    /// <summary>Loop devices on the container; the one to map first.</summary>
    internal IReadOnlyList<LoopFacts> Loops { get; init; } = [];

    /// <summary>Loop devices on a file that was at the container's path and is not there any more.</summary>
    internal IReadOnlyList<LoopFacts> Strays { get; init; } = [];

    /// <summary>The mapping of the volume's name, whatever it is on.</summary>
    internal MappingFacts? Mapping { get; init; }

    /// <summary>dm-integrity's device below a mapping with authenticated encryption.</summary>
    internal string? Integrity { get; init; }

    /// <summary>What is mounted on the mount point.</summary>
    internal MountFacts? Mount { get; init; }

    /// <summary>Whether the kernel keeps a copy of the key for later.</summary>
    internal bool IsKeyKept { get; init; }

    /// <summary>The swap space; null where there is none, nor is to be.</summary>
    internal SwapFacts? Swap { get; init; }

    /// <summary>What an unlock needs.</summary>
    internal EntryFacts? Entry { get; init; }

    /// <summary>How container and file system are.</summary>
    internal HealthFacts? Health { get; init; }

    /// <summary>What the superblock says.</summary>
    internal SuperblockFacts? Superblock { get; init; }

    /// <summary>Who holds the volume, the services' own processes apart.</summary>
    internal IReadOnlyList<Holder>? Holders { get; init; }

    /// <summary>Whatever is left of it.</summary>
    internal LeftoverFacts? Leftovers { get; init; }

    /// <summary>What the encrypted superblock looks like; null when it cannot be read, or something is mapped.</summary>
    internal string? Seal { get; init; }

    /// <summary>Whether the volume's file system is mounted in its place.</summary>
    internal bool IsMounted => Mount is { IsOurs: true };

    /// <summary>Whether the volume's mapping is there.</summary>
    internal bool IsMapped => Mapping is { IsOurs: true };

    /// <summary>Whether the container is a device, and so needs no loop device.</summary>
    internal bool IsDevice => Container.Kind == ContainerKind.Device;

    /// <summary>Whether a device is on the container, or on a file that was it and has a name.</summary>
    internal bool IsAttached => Loops.Count > 0 || Strays.Count > 0;

    /// <summary>Whether no layer is up.</summary>
    internal bool IsDown => !IsMounted && !IsMapped && !IsAttached;

    /// <summary>A device on a file that was deleted: all that is left of its content.</summary>
    internal LoopFacts? Lost => Strays.FirstOrDefault(static stray => stray.BackingFile is null);

    /// <summary>The storage layers, bottom first.</summary>
    internal IReadOnlyList<LayerInfo> Layers
    {
        get
        {
            LayerInfo mapping = new("mapping", IsMapped, IsMapped ? Mapping!.Path : "");
            LayerInfo filesystem = new("filesystem", IsMounted, IsMounted ? Mount!.Type : "");
            return IsDevice ? [mapping, filesystem] : [DescribeLoop(), mapping, filesystem];
        }
    }

    private LayerInfo DescribeLoop() => (Loops, Strays) switch
    {
        ([var device, ..], _) => new("loop", true, device.Path),
        (_, [var stray, ..]) => new("loop", true, $"{stray.Path} on {stray.BackingFile ?? "a file that was deleted"}"),
        _ => new("loop", false, ""),
    };
}

/// <summary>What a look at the machine is to take in, beside the layers.</summary>
[Flags]
internal enum Aspects
{
    /// <summary>The layers alone: a few files of /proc and /sys.</summary>
    Layers = 0,

    /// <summary>All that an unlock needs: headers, key file, the directory to mount on.</summary>
    Entry = 1,

    /// <summary>What became of the container and the file system while they were in use.</summary>
    Health = 2,

    /// <summary>What the file system's superblock says; it is read through the mapping.</summary>
    Superblock = 4,

    /// <summary>Who holds the volume: a walk through all processes.</summary>
    Holders = 8,

    /// <summary>Whatever can be left of the volume: all namespaces, keyrings, stacked devices, services.</summary>
    Leftovers = 16,

    /// <summary>What the encrypted superblock looks like, while nothing is mapped.</summary>
    Seal = 32,
}

/// <summary>What is at the container's path.</summary>
internal enum ContainerKind
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>A file.</summary>
    File,

    /// <summary>A block device.</summary>
    Device,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A socket, a pipe or the like.</summary>
    Other,
}

/// <summary>What is at the container's path, without a look into it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Allocated">Bytes that it has blocks for.</param>
/// <param name="Identity">Which file it is; null for nothing.</param>
/// <param name="Number">Its number, where it is a block device.</param>
internal sealed record ContainerFacts(
    ContainerKind Kind, long Size, long Allocated, FileIdentity? Identity, DeviceNumber? Number);

/// <summary>A loop device on the container, or on what was the container.</summary>
/// <param name="Path">The device node.</param>
/// <param name="Number">Its number.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="BackingFile">Where its file is now; null when that has no name any more.</param>
/// <param name="IsWhole">Whether it shows the whole file, and takes writes.</param>
internal sealed record LoopFacts(string Path, DeviceNumber? Number, long Size, string? BackingFile, bool IsWhole);

/// <summary>The mapping of the volume's name.</summary>
/// <param name="Path">The device node.</param>
/// <param name="Number">Its number.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="IsOnNothing">Whether a panic has taken the device below away.</param>
/// <param name="IsOurs">Whether it lies on the container, on what was the container, or on nothing.</param>
/// <param name="Lower">The loop device below it, if that is one of the container's.</param>
/// <param name="Stacked">Kernel names of the devices on it.</param>
internal sealed record MappingFacts(string Path, DeviceNumber Number, long Size, bool IsOnNothing, bool IsOurs,
    LoopFacts? Lower, IReadOnlyList<string> Stacked);

/// <summary>What is mounted on the volume's mount point.</summary>
/// <param name="Source">What was mounted.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsReadOnly">Whether it takes no writes.</param>
/// <param name="IsOurs">Whether it is the file system on the volume's mapping.</param>
internal sealed record MountFacts(string Source, string Type, bool IsReadOnly, bool IsOurs);

/// <summary>The swap space beside the volume.</summary>
/// <param name="Mapping">Its mapping; null when there is none.</param>
/// <param name="Size">The mapping's size in bytes.</param>
/// <param name="IsActive">Whether the kernel swaps to it.</param>
/// <param name="Trouble">Why it could not be brought up; empty where nothing was tried.</param>
internal sealed record SwapFacts(string? Mapping, long Size, bool IsActive, string Trouble = "");

/// <summary>What an unlock needs.</summary>
/// <param name="HasLuksMagic">Whether the container, or the header where that is detached, begins like LUKS.</param>
/// <param name="DataOffset">Where its data begin, as the header says; null without a header.</param>
/// <param name="HasHeaderFile">Whether the detached header is there; null where none is configured.</param>
/// <param name="HasKeyFile">Whether the key file is there; null where none is configured.</param>
/// <param name="CanDecryptKeyFile">Whether the program for that is installed.</param>
/// <param name="MountPointTarget">Where the mount point's path leads; null when there is no such directory.</param>
/// <param name="FirstEntry">Something that is in the bare directory; null when it is empty.</param>
/// <param name="Conversion">That the container is being converted; null when it is not.</param>
/// <param name="Trouble">Why not all of this could be looked at.</param>
internal sealed record EntryFacts(bool HasLuksMagic, long? DataOffset, bool? HasHeaderFile, bool? HasKeyFile,
    bool CanDecryptKeyFile, string? MountPointTarget, string? FirstEntry, string? Conversion, Fault? Trouble);

/// <summary>How container and file system are while they are in use.</summary>
/// <param name="Uuid">The UUID of the LUKS header now; null without one.</param>
/// <param name="HasErrors">Whether the kernel has found errors in the file system since it was mounted.</param>
/// <param name="Trouble">Why that could not be looked at.</param>
internal sealed record HealthFacts(string? Uuid, bool HasErrors, Fault? Trouble)
{
    /// <summary>Room on the disk that holds the container.</summary>
    internal DiskSpace Room { get; init; }
}

/// <summary>What the superblock says, read through the mapping.</summary>
/// <param name="Found">The superblock; null when there is none that is known.</param>
/// <param name="Trouble">Why it could not be read.</param>
internal sealed record SuperblockFacts(Superblock? Found, Fault? Trouble);

/// <summary>Whatever can be left of a volume that was taken down. Each list names what is there.</summary>
/// <param name="Services">Services of the volume that run, or left processes.</param>
/// <param name="Mounts">Mounts of it, in whatever namespace, and what is mounted in its place.</param>
/// <param name="Mappings">Mappings of its names, and such as no configuration names any more.</param>
/// <param name="Keys">Keys of dm-crypt in the kernel's keyrings.</param>
/// <param name="Devices">Devices on the container.</param>
internal sealed record LeftoverFacts(IReadOnlyList<string> Services, IReadOnlyList<string> Mounts,
    IReadOnlyList<string> Mappings, IReadOnlyList<string> Keys, IReadOnlyList<string> Devices);
