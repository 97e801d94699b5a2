using System.Runtime.InteropServices;

namespace UnlockDaemon.Rig.Interop;

/// <summary>Signals. Source: signal.h, bits/signum-generic.h, kill(2).</summary>
internal static partial class Signal
{
    internal const int SIGKILL = 9;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int sig);
}
