using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.Service.Units;

/// <summary>Puts into words why a unit is not up.</summary>
internal static class UnitFailure
{
    /// <summary>What is wrong with a unit that <see cref="IsHollow"/>.</summary>
    internal const string Hollow = "its processes have ended";

    private const int Exited = 1;

    /// <summary>Describes a start job that ended neither as done nor with the unit's failure.</summary>
    internal static string DescribeJob(string result, UnitState unit) => result switch
    {
        JobResult.Assert =>
            $"an assertion of the unit does not hold; is the volume mounted? (systemctl status {unit.Id})",
        JobResult.Dependency => $"a unit that it requires did not start (systemctl list-dependencies {unit.Id})",
        JobResult.Canceled => "its start was cancelled: somebody stopped it, or another job took its place",
        JobResult.Timeout => "its start job ran into the unit's JobTimeoutSec=",
        _ => $"systemd ended its start with \"{result}\"",
    };

    /// <summary>Describes a unit that is down.</summary>
    internal static string Describe(UnitState unit) => unit switch
    {
        { LoadState: "not-found" } => $"the unit {unit.Id} does not exist",
        { LoadState: "masked" } => $"the unit {unit.Id} is masked (systemctl unmask {unit.Id})",
        { LoadState: not ("loaded" or "") } => $"the unit {unit.Id} is not in order: {unit.LoadError}",
        { Result: "exit-code", ExitCode: Exited } => $"its process exited with status {unit.ExitStatus}",
        { Result: "exit-code" } => "its start command exited with an error",
        { Result: "signal" } => $"its process was killed{SignalOf(unit)}",
        { Result: "core-dump" } => $"its process crashed{SignalOf(unit)}",
        { Result: "timeout" } => "systemd gave it up: it took longer than the unit's own limit (TimeoutStartSec=)",
        { Result: "oom-kill" } => "the kernel killed it: the machine was out of memory",
        { Result: "start-limit-hit" } => "it failed too often; systemd has stopped trying",
        { Result: "watchdog" } => "it stopped answering its watchdog",
        { Result: "protocol" } => "it ended before it reported to systemd that it had started",
        { Result: "resources" } => "systemd could not set it up (resources)",
        { IsFailed: false, ConditionResult: false } =>
            $"a condition of the unit does not hold, so systemd did not start it (systemctl status {unit.Id})",
        { Result: "success" or "" } => "its processes ended without an error",
        _ => $"systemd reports \"{unit.Result}\"",
    };

    /// <summary>
    /// Whether a unit that systemd calls active has no process left. A wrapped SysV script stays "active (exited)" so.
    /// </summary>
    /// <remarks>A oneshot unit is "exited" by nature; only of one that forks it says that the daemon is gone.</remarks>
    internal static bool IsHollow(UnitState unit) => unit is { IsActive: true, SubState: "exited", Type: "forking" };

    /// <summary>Whether a unit has done what it is for, and ended: a oneshot one without RemainAfterExit=.</summary>
    internal static bool HasRun(UnitState unit) => unit is
    {
        Type: "oneshot", ActiveState: "inactive", Result: "success", ConditionResult: true, InvocationId.Length: > 0,
    };

    private static string SignalOf(UnitState unit) => unit.ExitStatus > 0 && unit.ExitCode > Exited
        ? $" by signal {unit.ExitStatus}"
        : "";
}
