using System.Runtime.InteropServices;

namespace UnlockDaemon.Rig.Interop;

/// <summary>The end of child processes. Source: sys/wait.h, bits/waitstatus.h, waitpid(2).</summary>
internal static partial class Wait
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, out int wstatus, int options);

    /// <summary>The status as a shell shows it: the exit code, or 128 and the signal's number.</summary>
    internal static int ExitCode(int status) =>
        (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}
