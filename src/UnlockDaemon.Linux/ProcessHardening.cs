using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>What a process that sees secrets does first.</summary>
public static class ProcessHardening
{
    /// <summary>
    /// No core dumps, and no look into this process's memory by others of the same user (not by root).
    /// </summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Apply()
    {
        if (Prctl.prctl(Prctl.PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
            throw LinuxException.FromLastError("forbid core dumps of", "this process");
        if (Prctl.setrlimit(Prctl.RLIMIT_CORE, default) != 0)
            throw LinuxException.FromLastError("limit core dumps of", "this process");
    }

    /// <summary>Whether this process is root's.</summary>
    public static bool IsRoot => LibC.geteuid() == 0;
}

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
