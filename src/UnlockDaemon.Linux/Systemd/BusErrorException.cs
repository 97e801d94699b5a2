namespace UnlockDaemon.Linux.Systemd;

/// <summary>An error reply, before it is known what was tried: becomes a <see cref="SystemdException"/>.</summary>
internal sealed class BusErrorException(string name, string message) : Exception(message)
{
    /// <summary>The error's D-Bus name: <c>org.freedesktop.systemd1.NoSuchUnit</c>.</summary>
    internal string Name => name;
}
