using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Reading directories. Source: dirent.h, readdir(3).</summary>
internal static partial class Dirent
{
    /// <summary>Offset of d_name in struct dirent, on 64-bit Linux.</summary>
    internal const int NameOffset = 19;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint opendir(string name);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint readdir(nint dirp);

    [LibraryImport("libc")]
    internal static partial int closedir(nint dirp);
}
