using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Signals. Source: signal.h, kill(2).</summary>
internal static partial class Signal
{
    internal const int SIGKILL = 9;
    internal const int SIGTERM = 15;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);
}
