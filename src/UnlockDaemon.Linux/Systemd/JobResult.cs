namespace UnlockDaemon.Linux.Systemd;

/// <summary>How a job ended, in systemd's words; those that this program tells apart.</summary>
public static class JobResult
{
    /// <summary>It did what it was to do.</summary>
    public const string Done = "done";

    /// <summary>The unit failed.</summary>
    public const string Failed = "failed";

    /// <summary>Another job took its place, or somebody cancelled it.</summary>
    public const string Canceled = "canceled";

    /// <summary>The job's own time limit (JobTimeoutSec=) was over.</summary>
    public const string Timeout = "timeout";

    /// <summary>A unit that this one requires did not start.</summary>
    public const string Dependency = "dependency";

    /// <summary>An assertion of the unit (AssertPathIsMountPoint= and the like) does not hold.</summary>
    public const string Assert = "assert";
}
