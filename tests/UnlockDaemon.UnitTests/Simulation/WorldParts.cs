using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>How the disk below the containers does.</summary>
internal enum DiskCondition
{
    Fine,
    Slow,
    Full,
    Broken,

    /// <summary>Calls that need it do not come back before it is well again.</summary>
    Hung,
}

/// <summary>How the file system in a container really is, whatever anybody knows of it.</summary>
internal enum FilesystemCondition
{
    Clean,

    /// <summary>It is mounted, or was not unmounted in peace.</summary>
    Dirty,

    /// <summary>Only a person can mend it.</summary>
    Broken,
}

/// <summary>A container: what it is, wherever it lies.</summary>
internal sealed class SimulatedFile(ulong inode, string path)
{
    internal FileIdentity Identity { get; } = new(new DeviceNumber(8, 1), inode);

    /// <summary>Where it was made, and where it is looked for.</summary>
    internal string Home { get; } = path;

    /// <summary>Where it is; null once it is deleted.</summary>
    internal string? Path { get; set; } = path;

    internal long Size { get; set; } = 1L << 30;

    internal FilesystemCondition Filesystem { get; set; } = FilesystemCondition.Clean;

    /// <summary>Whether anything was written to the file system since the boot.</summary>
    internal bool IsTouched { get; set; }

    /// <summary>Changes whenever the superblock does.</summary>
    internal int Seal { get; set; } = 1;

    internal string Uuid => $"uuid-{Identity.Inode}";

    /// <summary>The file system is not any more as it was.</summary>
    internal void Write(FilesystemCondition condition) => (Filesystem, IsTouched, Seal) = (condition, true, Seal + 1);
}

/// <summary>A loop device.</summary>
internal sealed record SimulatedLoop(int Number, SimulatedFile File)
{
    internal string Path => $"/dev/loop{Number}";

    internal long Size { get; set; } = File.Size;

    /// <summary>It was detached while somebody had it open: it goes once they are gone.</summary>
    internal bool IsGoing { get; set; }
}

/// <summary>The mapping of the volume's name.</summary>
internal sealed class SimulatedMapping(SimulatedLoop lower)
{
    internal SimulatedFile File { get; } = lower.File;

    /// <summary>What it lies on; null after a panic.</summary>
    internal SimulatedLoop? Lower { get; set; } = lower;

    internal long Size { get; set; } = lower.Size;

    internal bool IsOnNothing => Lower is null;

    internal bool HasKey => Lower is not null;
}

/// <summary>A key that the kernel keeps for later.</summary>
internal sealed record SimulatedKey(SimulatedFile File)
{
    internal Simulation.Due? Expiry { get; set; }
}

/// <summary>Somebody who holds the volume and is none of its services.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Kind">As of <see cref="Holder"/>.</param>
/// <param name="Since">When they came.</param>
internal sealed record Stranger(int Pid, string Kind, long Since)
{
    /// <summary>udev looks into a device when it has changed, and lets go by itself.</summary>
    internal bool IsPassing { get; init; }

    /// <summary>Of one that has a device open: that it is the loop device, and not the mapping.</summary>
    internal bool IsBelow { get; init; }
}
