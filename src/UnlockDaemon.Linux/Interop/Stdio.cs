using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Renaming. Source: stdio.h, renameat2(2).</summary>
internal static partial class Stdio
{
    internal const uint RENAME_NOREPLACE = 1;
    internal const uint RENAME_EXCHANGE = 2;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int renameat2(int olddirfd, string oldpath, int newdirfd, string newpath, uint flags);
}
