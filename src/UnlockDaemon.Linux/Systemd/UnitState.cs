using Tmds.DBus.Protocol;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>A unit as systemd sees it, in systemd's own words: systemctl(1), org.freedesktop.systemd1(5).</summary>
public sealed record UnitState
{
    /// <summary>The unit's own name; differs from the name asked for if that is an alias.</summary>
    public required string Id { get; init; }

    /// <summary>loaded, not-found, bad-setting, error, masked.</summary>
    public string LoadState { get; init; } = "";

    /// <summary>Why it could not be loaded; empty if it was.</summary>
    public string LoadError { get; init; } = "";

    /// <summary>active, reloading, inactive, failed, activating, deactivating.</summary>
    public string ActiveState { get; init; } = "";

    /// <summary>The state in the terms of its type: running, exited, start-post, auto-restart.</summary>
    public string SubState { get; init; } = "";

    /// <summary>A service's type: simple, forking, notify, oneshot; empty for other units.</summary>
    public string Type { get; init; } = "";

    /// <summary>How its last run ended: success, exit-code, signal, timeout, start-limit-hit, oom-kill.</summary>
    public string Result { get; init; } = "";

    /// <summary>The main process, 0 if there is none or systemd does not know it.</summary>
    public int MainPid { get; init; }

    /// <summary>How the main process ended: CLD_EXITED (1), CLD_KILLED (2), CLD_DUMPED (3); 0 if it did not.</summary>
    public int ExitCode { get; init; }

    /// <summary>The main process's exit status, or the signal that killed it.</summary>
    public int ExitStatus { get; init; }

    /// <summary>Its control group under /sys/fs/cgroup: <c>/system.slice/mariadb.service</c>; empty if none.</summary>
    public string ControlGroup { get; init; } = "";

    /// <summary>The slice that its control group is made in: <c>system.slice</c>.</summary>
    public string Slice { get; init; } = "";

    /// <summary>Where its processes are, or were when it was up; empty if that is not known.</summary>
    /// <remarks>
    /// systemd forgets the control group of a unit that goes down, also when processes are left in it
    /// (unit_prune_cgroup, cgroup.c).
    /// </remarks>
    public string LastControlGroup => ControlGroup.Length > 0 ? ControlGroup : UnitName.ToControlGroup(Id, Slice);

    /// <summary>The present or last run's identifier, 32 hexadecimal digits; empty if it never ran.</summary>
    public string InvocationId { get; init; } = "";

    /// <summary>When it became active last: CLOCK_MONOTONIC, since boot; zero if it never did.</summary>
    public TimeSpan ActiveSince { get; init; }

    /// <summary>Whether its conditions (ConditionPathExists= and the like) held at the last start.</summary>
    public bool ConditionResult { get; init; }

    /// <summary>Whether its files are newer than what systemd has read; not every new drop-in is noticed.</summary>
    public bool NeedsReload { get; init; }

    /// <summary>What has to be a mount point for it to start: AssertPathIsMountPoint=, as systemd has read it.</summary>
    public IReadOnlyList<string> AssertedMountPoints { get; init; } = [];

    /// <summary>The units that do not start unless it does: those that have it in Requires=.</summary>
    public IReadOnlyList<string> RequiredBy { get; init; } = [];

    /// <summary>Whether a job for it is queued or runs: an inactive unit may be on its way up.</summary>
    public bool HasJob { get; init; }

    /// <summary>Whether it is up in systemd's view, which for a wrapped SysV script says little.</summary>
    public bool IsActive => ActiveState is "active" or "reloading" or "refreshing";

    /// <summary>Whether it is on its way up or down, or down with a job that will change that.</summary>
    public bool IsChanging =>
        ActiveState is "activating" or "deactivating"
        || SubState.EndsWith("-before-auto-restart", StringComparison.Ordinal)
        || (HasJob && !IsActive);

    /// <summary>Whether its last run ended in failure and it is down.</summary>
    public bool IsFailed => ActiveState == "failed";
}

/// <summary>Reads a unit's properties into a <see cref="UnitState"/>. Source: org.freedesktop.systemd1(5).</summary>
internal static class UnitProperties
{
    /// <summary>Takes over what is said; what is not mentioned stays.</summary>
    internal static UnitState Apply(UnitState state, IReadOnlyDictionary<string, VariantValue> properties)
    {
        foreach ((string name, VariantValue value) in properties)
            state = Apply(state, name, value);
        return state;
    }

    private static UnitState Apply(UnitState state, string name, VariantValue value) => name switch
    {
        "Id" => state with { Id = value.GetString() },
        "LoadState" => state with { LoadState = value.GetString() },
        "LoadError" => state with { LoadError = value.GetItem(1).GetString() },
        "ActiveState" => state with { ActiveState = value.GetString() },
        "SubState" => state with { SubState = value.GetString() },
        "Type" => state with { Type = value.GetString() },
        "Result" => state with { Result = value.GetString() },
        "ControlGroup" => state with { ControlGroup = value.GetString() },
        "Slice" => state with { Slice = value.GetString() },
        "MainPID" => state with { MainPid = (int)value.GetUInt32() },
        "ExecMainCode" => state with { ExitCode = value.GetInt32() },
        "ExecMainStatus" => state with { ExitStatus = value.GetInt32() },
        "InvocationID" => state with { InvocationId = Convert.ToHexStringLower(value.GetArray<byte>()) },
        "Job" => state with { HasJob = value.GetItem(0).GetUInt32() != 0 },
        "NeedDaemonReload" => state with { NeedsReload = value.GetBool() },
        "Asserts" => state with { AssertedMountPoints = ReadMountPoints(value) },
        "RequiredBy" => state with { RequiredBy = value.GetArray<string>() },
        "ConditionResult" => state with { ConditionResult = value.GetBool() },
        "ActiveEnterTimestampMonotonic" => state with { ActiveSince = TimeSpan.FromMicroseconds(value.GetUInt64()) },
        _ => state,
    };

    /// <remarks>An assertion: name, whether it is one of which one is enough, whether negated, parameter, result.</remarks>
    private static string[] ReadMountPoints(VariantValue assertions) =>
    [
        .. Enumerable.Range(0, assertions.Count).Select(assertions.GetItem)
            .Where(static assertion => assertion.GetItem(0).GetString() == "AssertPathIsMountPoint")
            .Select(static assertion => assertion.GetItem(3).GetString()),
    ];
}
