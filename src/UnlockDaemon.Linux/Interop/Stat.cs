using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>What a path is. Source: linux/stat.h, statx(2).</summary>
internal static partial class Stat
{
    internal const int AT_FDCWD = -100;
    internal const int AT_NO_AUTOMOUNT = 0x800;
    internal const uint STATX_BASIC_STATS = 0x7ff;
    internal const uint STATX_MNT_ID = 0x1000;
    internal const ushort S_IFMT = 0xF000;
    internal const ushort S_IFREG = 0x8000;
    internal const ushort S_IFDIR = 0x4000;
    internal const ushort S_IFBLK = 0x6000;
    internal const ushort S_IFSOCK = 0xC000;

    /// <summary>struct statx, the fields in use; 256 bytes in all.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct statx
    {
        [FieldOffset(0x10)] internal uint stx_nlink;
        [FieldOffset(0x14)] internal uint stx_uid;
        [FieldOffset(0x1C)] internal ushort stx_mode;
        [FieldOffset(0x20)] internal ulong stx_ino;
        [FieldOffset(0x28)] internal ulong stx_size;
        [FieldOffset(0x30)] internal ulong stx_blocks;
        [FieldOffset(0x80)] internal uint stx_rdev_major;
        [FieldOffset(0x84)] internal uint stx_rdev_minor;
        [FieldOffset(0x88)] internal uint stx_dev_major;
        [FieldOffset(0x8C)] internal uint stx_dev_minor;
        [FieldOffset(0x90)] internal ulong stx_mnt_id;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx_path(int dirfd, string path, int flags, uint mask, out statx buffer);
}
