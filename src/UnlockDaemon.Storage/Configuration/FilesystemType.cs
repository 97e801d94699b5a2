namespace UnlockDaemon.Storage.Configuration;

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
