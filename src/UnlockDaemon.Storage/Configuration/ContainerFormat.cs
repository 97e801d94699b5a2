namespace UnlockDaemon.Storage.Configuration;

/// <summary>How a container is encrypted.</summary>
public enum ContainerFormat
{
    /// <summary>LUKS, version 1 or 2: the header tells which.</summary>
    Luks,

    /// <summary>loop-AES, as "losetup -e AES256" makes it, with a passphrase or a key file.</summary>
    LoopAes,

    /// <summary>dm-crypt without a header; <see cref="VolumeConfiguration.Cipher"/> tells the rest.</summary>
    Plain,
}

/// <summary>The names of container formats, as the configuration, the command line and the socket write them.</summary>
public static class ContainerFormats
{
    internal static readonly NameTable<ContainerFormat> Table = new(
        ("luks", ContainerFormat.Luks),
        ("loop-aes", ContainerFormat.LoopAes),
        ("plain", ContainerFormat.Plain));

    /// <summary>Names a format.</summary>
    /// <param name="format">The format.</param>
    /// <returns>Its name: "loop-aes".</returns>
    public static string Name(this ContainerFormat format) => Table[format];
}

/// <summary>The file systems a volume can carry.</summary>
public enum FilesystemType
{
    /// <summary>ext2: no journal; the usual one in loop-AES containers.</summary>
    Ext2,

    /// <summary>ext3.</summary>
    Ext3,

    /// <summary>ext4.</summary>
    Ext4,

    /// <summary>XFS; needs xfsprogs on the instance.</summary>
    Xfs,
}

/// <summary>The names of file systems: the kernel's (/proc/filesystems), which the configuration uses too.</summary>
public static class FilesystemTypes
{
    internal static readonly NameTable<FilesystemType> Table = new(
        ("ext2", FilesystemType.Ext2),
        ("ext3", FilesystemType.Ext3),
        ("ext4", FilesystemType.Ext4),
        ("xfs", FilesystemType.Xfs));

    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> Names => Table.Names;

    /// <summary>Names a file system.</summary>
    /// <param name="type">The file system.</param>
    /// <returns>Its name: "ext4".</returns>
    public static string Name(this FilesystemType type) => Table[type];

    /// <summary>Finds a file system by its name.</summary>
    /// <param name="name">The name, in lower case.</param>
    /// <param name="type">The file system found.</param>
    /// <returns>Whether there is one of that name.</returns>
    public static bool TryParse(string name, out FilesystemType type) => Table.TryFind(name, out type);
}

/// <summary>The values of an enumeration with the one spelling each has outside the program.</summary>
/// <param name="entries">Every value, in the order messages list them.</param>
internal sealed class NameTable<T>(params (string Name, T Value)[] entries)
    where T : struct, Enum
{
    internal string[] Names { get; } = Array.ConvertAll(entries, entry => entry.Name);

    internal string this[T value] =>
        Array.Find(entries, entry => EqualityComparer<T>.Default.Equals(entry.Value, value)).Name;

    internal bool TryFind(string name, out T value)
    {
        int index = Array.IndexOf(Names, name);
        value = index < 0 ? default : entries[index].Value;
        return index >= 0;
    }
}
