using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Scheduling policies. Source: sched.h, sched(7), sched_setscheduler(2).</summary>
internal static partial class Sched
{
    /// <summary>struct sched_param.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct sched_param
    {
        internal int sched_priority;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_setscheduler(int pid, int policy, in sched_param param);
}
