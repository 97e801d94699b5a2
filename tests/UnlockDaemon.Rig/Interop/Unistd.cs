using System.Runtime.InteropServices;

namespace UnlockDaemon.Rig.Interop;

/// <summary>File descriptors. Source: unistd.h, close(2).</summary>
internal static partial class Unistd
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
}
