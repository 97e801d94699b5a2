namespace UnlockDaemon.Linux.Systemd;

/// <summary>Reads a unit's properties from the bus into a <see cref="UnitState"/>.</summary>
internal static class UnitProperties
{
    /// <summary>Takes over what an <c>a{sv}</c> says; what it does not mention stays.</summary>
    internal static UnitState Read(BusMessage message, UnitState state)
    {
        message.ReadProperties(name => state = Read(message, name, state));
        return state;
    }

    private static UnitState Read(BusMessage message, string name, UnitState state)
    {
        switch (name)
        {
            case "Id":
                return state with { Id = Text(message) };
            case "LoadState":
                return state with { LoadState = Text(message) };
            case "LoadError":
                return state with { LoadError = message.ReadVariant("(ss)", ReadLoadError) };
            case "ActiveState":
                return state with { ActiveState = Text(message) };
            case "SubState":
                return state with { SubState = Text(message) };
            case "Type":
                return state with { Type = Text(message) };
            case "Result":
                return state with { Result = Text(message) };
            case "ControlGroup":
                return state with { ControlGroup = Text(message) };
            case "Slice":
                return state with { Slice = Text(message) };
            case "MainPID":
                return state with { MainPid = message.ReadVariant("u", static m => (int)m.ReadUInt32()) };
            case "ExecMainCode":
                return state with { ExitCode = message.ReadVariant("i", static m => m.ReadInt32()) };
            case "ExecMainStatus":
                return state with { ExitStatus = message.ReadVariant("i", static m => m.ReadInt32()) };
            case "InvocationID":
                return state with { InvocationId = message.ReadVariant("ay", ReadInvocation) };
            case "Job":
                return state with { HasJob = message.ReadVariant("(uo)", ReadJob) != 0 };
            case "ConditionResult":
                return state with { ConditionResult = message.ReadVariant("b", static m => m.ReadBoolean()) };
            case "ActiveEnterTimestampMonotonic":
                return state with { ActiveSince = message.ReadVariant("t", ReadMicroseconds) };
            default:
                message.SkipVariant();
                return state;
        }
    }

    private static string Text(BusMessage message) => message.ReadVariant("s", static m => m.ReadString());

    private static uint ReadJob(BusMessage message) => message.ReadStruct("uo", static m =>
    {
        uint id = m.ReadUInt32();
        m.ReadObjectPath();
        return id;
    });

    private static TimeSpan ReadMicroseconds(BusMessage message) => TimeSpan.FromMicroseconds(message.ReadUInt64());

    private static string ReadInvocation(BusMessage message) => Convert.ToHexStringLower(message.ReadBytes());

    private static string ReadLoadError(BusMessage message) => message.ReadStruct("ss", static m =>
    {
        m.ReadString();
        return m.ReadString();
    });
}
