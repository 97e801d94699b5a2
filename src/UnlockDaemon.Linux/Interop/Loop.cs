using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Loop devices. Source: linux/loop.h, loop(4).</summary>
internal static unsafe class Loop
{
    internal const uint LOOP_CLR_FD = 0x4C01;
    internal const uint LOOP_GET_STATUS64 = 0x4C05;
    internal const uint LOOP_SET_CAPACITY = 0x4C07;
    internal const uint LOOP_CONFIGURE = 0x4C0A;
    internal const uint LOOP_CTL_GET_FREE = 0x4C82;
    internal const uint LO_FLAGS_READ_ONLY = 1;
    internal const uint LO_FLAGS_DIRECT_IO = 16;

    /// <summary>struct loop_info64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct loop_info64
    {
        internal ulong lo_device;
        internal ulong lo_inode;
        internal ulong lo_rdevice;
        internal ulong lo_offset;
        internal ulong lo_sizelimit;
        internal uint lo_number;
        internal uint lo_encrypt_type;
        internal uint lo_encrypt_key_size;
        internal uint lo_flags;
        internal fixed byte lo_file_name[64];
        internal fixed byte lo_crypt_name[64];
        internal fixed byte lo_encrypt_key[32];
        internal fixed ulong lo_init[2];
    }

    /// <summary>struct loop_config.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct loop_config
    {
        internal uint fd;
        internal uint block_size;
        internal loop_info64 info;
        internal fixed ulong __reserved[8];
    }
}
