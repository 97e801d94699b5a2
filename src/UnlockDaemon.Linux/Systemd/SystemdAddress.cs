namespace UnlockDaemon.Linux.Systemd;

/// <summary>Names on the bus: systemd's own and those of the bus itself. Source: org.freedesktop.systemd1(5).</summary>
internal static class SystemdAddress
{
    internal const string Name = "org.freedesktop.systemd1";
    internal const string ManagerPath = "/org/freedesktop/systemd1";
    internal const string ManagerInterface = "org.freedesktop.systemd1.Manager";
    internal const string UnitInterface = "org.freedesktop.systemd1.Unit";
    internal const string PropertiesInterface = "org.freedesktop.DBus.Properties";
    internal const string UnknownProperty = "org.freedesktop.DBus.Error.UnknownProperty";
    internal const string BusName = "org.freedesktop.DBus";
    internal const string BusPath = "/org/freedesktop/DBus";

    internal const string OwnerRule =
        $"type='signal',sender='{BusName}',path='{BusPath}',interface='{BusName}',"
        + $"member='NameOwnerChanged',arg0='{Name}'";

    internal const string JobRule =
        $"type='signal',sender='{Name}',path='{ManagerPath}',interface='{ManagerInterface}',member='JobRemoved'";

    internal const string StartupRule =
        $"type='signal',sender='{Name}',path='{ManagerPath}',interface='{ManagerInterface}',member='StartupFinished'";

    /// <summary>Ends of jobs for one unit: the third argument is its name.</summary>
    internal static string JobRuleOf(string unit) => $"{JobRule},arg2='{unit}'";

    /// <summary>Changes of one unit: other units' changes then wake nobody.</summary>
    internal static string UnitRuleOf(string path) =>
        $"type='signal',sender='{Name}',path='{path}',interface='{PropertiesInterface}',member='PropertiesChanged'";
}
