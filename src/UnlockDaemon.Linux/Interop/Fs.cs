namespace UnlockDaemon.Linux.Interop;

/// <summary>Flags of inodes, and flushing of block devices. Source: linux/fs.h, ioctl_iflags(2).</summary>
internal static class Fs
{
    // _IOR('f', 1, long) and _IOW('f', 2, long): the size is that of a long, though an int is written and read.
    internal const uint FS_IOC_GETFLAGS = 0x80086601;
    internal const uint FS_IOC_SETFLAGS = 0x40086602;
    internal const uint BLKFLSBUF = 0x1261;
    internal const int FS_IMMUTABLE_FL = 0x10;
}
