using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>What a path is. Source: linux/stat.h, statx(2).</summary>
internal static partial class Stat
{
    internal const uint STATX_MNT_ID = 0x1000;
    internal const int AT_STATX_DONT_SYNC = 0x4000;

    /// <summary>struct statx, the fields in use; 256 bytes in all. That of Tmds.LibC has no stx_mnt_id.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct statx
    {
        [FieldOffset(0x10)] internal uint stx_nlink;
        [FieldOffset(0x14)] internal uint stx_uid;
        [FieldOffset(0x18)] internal uint stx_gid;
        [FieldOffset(0x1C)] internal ushort stx_mode;
        [FieldOffset(0x20)] internal ulong stx_ino;
        [FieldOffset(0x28)] internal ulong stx_size;
        [FieldOffset(0x30)] internal ulong stx_blocks;
        [FieldOffset(0x80)] internal uint stx_rdev_major;
        [FieldOffset(0x84)] internal uint stx_rdev_minor;
        [FieldOffset(0x88)] internal uint stx_dev_major;
        [FieldOffset(0x8C)] internal uint stx_dev_minor;
        [FieldOffset(0x90)] internal ulong stx_mnt_id;

        /// <summary>Whether it is of a kind: S_IFREG and the like.</summary>
        internal readonly bool IsOfType(mode_t type) => (stx_mode & (ushort)LibC.S_IFMT) == (ushort)type;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx_path(int dirfd, string path, int flags, uint mask, out statx buffer);
}
