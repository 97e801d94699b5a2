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

    /// <summary>How a job ended whose end was not seen, as far as what it left tells.</summary>
    /// <param name="state">The unit after the job.</param>
    /// <param name="wasStart">Whether it was to start; otherwise to stop.</param>
    /// <returns>One of the above.</returns>
    internal static string Of(UnitState state, bool wasStart)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (!wasStart)
            return state.IsActive || state.IsChanging ? Canceled : Done;
        if (state.IsActive || !state.ConditionResult)
            return Done;
        if (state.IsFailed)
            return Failed;
        bool ran = state.InvocationId.Length > 0 && state.Result == "success";
        return ran && state.Type == "oneshot" && !state.IsChanging ? Done : Canceled;
    }
}
