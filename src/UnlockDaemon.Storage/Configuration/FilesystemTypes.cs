namespace UnlockDaemon.Storage.Configuration;

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
