using Tmds.DBus.Protocol;

namespace UnlockDaemon.Linux.Systemd;

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
