using Tmds.DBus.Protocol;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>systemd's names on the bus. Source: org.freedesktop.systemd1(5).</summary>
internal static class SystemdAddress
{
    internal const string Name = "org.freedesktop.systemd1";
    internal const string ManagerPath = "/org/freedesktop/systemd1";
    internal const string ManagerInterface = "org.freedesktop.systemd1.Manager";
    internal const string UnitInterface = "org.freedesktop.systemd1.Unit";
    internal const string PropertiesInterface = "org.freedesktop.DBus.Properties";
    internal const string UnknownProperty = "org.freedesktop.DBus.Error.UnknownProperty";

    /// <summary>The system bus, or DBUS_SYSTEM_BUS_ADDRESS.</summary>
    internal static string Bus => DBusAddress.System ?? "unix:path=/run/dbus/system_bus_socket";
}
