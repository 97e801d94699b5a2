using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Process attributes. Source: sys/prctl.h, prctl(2); sys/resource.h, setrlimit(2).</summary>
internal static partial class Prctl
{
    internal const int PR_SET_DUMPABLE = 4;
    internal const int RLIMIT_CORE = 4;

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct rlimit
    {
        internal ulong rlim_cur;
        internal ulong rlim_max;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prctl(int option, ulong arg2, ulong arg3, ulong arg4, ulong arg5);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setrlimit(int resource, in rlimit limit);
}
