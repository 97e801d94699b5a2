using System.Collections.Concurrent;
using Tmds.DBus.Protocol;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>A start or a stop that was asked for, until its end is known, over sessions.</summary>
/// <param name="member">StartUnit or StopUnit.</param>
/// <param name="unit">The unit.</param>
internal sealed class UnitJob(string member, string unit)
{
    internal const string Start = "StartUnit";
    internal const string Stop = "StopUnit";

    private static readonly TimeSpan s_replyLimit = TimeSpan.FromSeconds(30);

    // The job's object on the bus, once systemd has queued it; a daemon-reexec leaves it its number.
    private string? _path;

    /// <summary>Has it queued, or goes on with what a session before has queued, and waits for its end.</summary>
    /// <param name="session">The session.</param>
    /// <returns>How it ended; see <see cref="JobResult"/>.</returns>
    /// <exception cref="DBusOwnerChangedException">The session is over: run it again in the next one.</exception>
    /// <exception cref="TimeoutException">systemd did not answer.</exception>
    internal async Task<string> RunAsync(SystemdSession session)
    {
        // The end of a job may come before its number is known here.
        ConcurrentDictionary<string, TaskCompletionSource<string>> ends = [];
        TaskCompletionSource<string> EndOf(string job) => ends.GetOrAdd(job,
            static _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));

        using IDisposable watch = await session.WatchAsync(
            SystemdAddress.ManagerPath, SystemdAddress.ManagerInterface, "JobRemoved", ReadRemoved,
            removed => EndOf(removed.Job).TrySetResult(removed.Result));
        if (_path is null)
        {
            // If only the reply was lost, the same request again joins the job that waits, or finds all done.
            _path = await session.CallManagerAsync(member, ReadPath, unit, "replace").WaitAsync(s_replyLimit);
        }
        else if (!await session.HasJobAsync(_path).WaitAsync(s_replyLimit) && !ends.ContainsKey(_path))
        {
            UnitState state = await session.ReadUnitAsync(unit, UnitName.ToObjectPath(unit)).WaitAsync(s_replyLimit);
            return JobResult.Of(state, wasStart: member == Start);
        }

        return await session.WhileItLastsAsync(EndOf(_path).Task);
    }

    private static string ReadPath(Message message, object? state)
    {
        Reader reader = message.GetBodyReader();
        return reader.ReadObjectPathAsString();
    }

    /// <summary>JobRemoved: id, job, unit, result.</summary>
    private static (string Job, string Result) ReadRemoved(Message message, object? state)
    {
        Reader reader = message.GetBodyReader();
        reader.ReadUInt32();
        string job = reader.ReadObjectPathAsString();
        reader.ReadString();
        return (job, reader.ReadString());
    }
}

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
