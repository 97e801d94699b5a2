using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Mounting. Source: sys/mount.h, mount(2), umount2(2).</summary>
internal static unsafe class Mount
{
    // Of linux/mount.h; the C library of before 2.35 has no MS_NOSYMFOLLOW.
    internal const ulong MS_NOSYMFOLLOW = 256;
    internal const ulong MS_LAZYTIME = 1 << 25;

    internal static int mount(string source, string target, string filesystemtype, ulong flags, string? data)
    {
        using NativeText device = new(source);
        using NativeText directory = new(target);
        using NativeText type = new(filesystemtype);
        using NativeText options = new(data);
        return LibC.mount(device, directory, type, (ulong_t)flags, (byte*)options);
    }

    internal static int umount2(string target, int flags)
    {
        using NativeText directory = new(target);
        return LibC.umount2(directory, flags);
    }
}
