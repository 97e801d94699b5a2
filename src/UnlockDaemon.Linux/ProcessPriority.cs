using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>This process's share of the processor.</summary>
public static class ProcessPriority
{
    /// <summary>
    /// From here on the calling thread, and those that it starts, go before all that is not of real time, in whatever
    /// control group. Only root may: for others it stays as it is.
    /// </summary>
    public static void TakeRealTime() =>
        _ = Sched.sched_setscheduler(0, LibC.SCHED_RR, new Sched.sched_param { sched_priority = 1 });
}
