namespace UnlockDaemon.Identification;

/// <summary>What a container looks like from outside.</summary>
internal enum ContainerKind
{
    /// <summary>Too short to hold a volume.</summary>
    TooSmall,

    /// <summary>Nothing but zeros where a volume has something.</summary>
    Empty,

    /// <summary>LUKS, by its header.</summary>
    Luks,

    /// <summary>It begins as LUKS does, but the header is damaged.</summary>
    DamagedLuks,

    /// <summary>A file system that is not encrypted.</summary>
    Filesystem,

    /// <summary>Random to look at: encrypted without a header, or compressed.</summary>
    Random,

    /// <summary>Something else, which is not encrypted.</summary>
    Other,
}
