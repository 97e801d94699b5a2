namespace UnlockDaemon.Linux;

/// <summary>Error numbers this program tells apart. Source: asm-generic/errno-base.h, asm-generic/errno.h.</summary>
public static class Errno
{
    /// <summary>Operation not permitted.</summary>
    public const int EPERM = 1;

    /// <summary>No such file or directory.</summary>
    public const int ENOENT = 2;

    /// <summary>No such process.</summary>
    public const int ESRCH = 3;

    /// <summary>A signal interrupted the call.</summary>
    public const int EINTR = 4;

    /// <summary>Input or output failed.</summary>
    public const int EIO = 5;

    /// <summary>No such device or address.</summary>
    public const int ENXIO = 6;

    /// <summary>Try again.</summary>
    public const int EAGAIN = 11;

    /// <summary>Not enough memory.</summary>
    public const int ENOMEM = 12;

    /// <summary>Permission denied.</summary>
    public const int EACCES = 13;

    /// <summary>Device or resource busy.</summary>
    public const int EBUSY = 16;

    /// <summary>No such device.</summary>
    public const int ENODEV = 19;

    /// <summary>Not a directory.</summary>
    public const int ENOTDIR = 20;

    /// <summary>It is a directory.</summary>
    public const int EISDIR = 21;

    /// <summary>Invalid argument.</summary>
    public const int EINVAL = 22;

    /// <summary>No such operation on this kind of file.</summary>
    public const int ENOTTY = 25;

    /// <summary>File too large.</summary>
    public const int EFBIG = 27;

    /// <summary>No space left on the device.</summary>
    public const int ENOSPC = 28;

    /// <summary>Read-only file system.</summary>
    public const int EROFS = 30;

    /// <summary>The kernel has no such call.</summary>
    public const int ENOSYS = 38;

    /// <summary>Bad message; of the file systems: a checksum is wrong.</summary>
    public const int EBADMSG = 74;

    /// <summary>Operation not supported.</summary>
    public const int EOPNOTSUPP = 95;

    /// <summary>The file system has to be repaired.</summary>
    public const int EUCLEAN = 117;
}
