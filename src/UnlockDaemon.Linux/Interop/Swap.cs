using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Swap space. Source: sys/swap.h, swapon(2).</summary>
internal static partial class Swap
{
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int swapon(string path, int swapflags);
}
