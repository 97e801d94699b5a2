namespace UnlockDaemon.Linux.Systemd;

/// <summary>A request that systemd refused, or that did not reach it; the message carries its own words.</summary>
/// <remarks>"cannot start unit mysqld.service: Unit mysqld.service not found."</remarks>
public sealed class SystemdException : Exception
{
    /// <summary>Describes a refused request.</summary>
    /// <param name="operation">What was tried, as it follows "cannot": "start".</param>
    /// <param name="subject">What it was tried on: "unit mariadb.service".</param>
    /// <param name="errorName">The error's D-Bus name; empty if the request got no reply.</param>
    /// <param name="reason">systemd's own words, or why there was no reply.</param>
    /// <param name="cause">The exception behind it.</param>
    public SystemdException(
        string operation, string subject, string errorName, string reason, Exception? cause = null)
        : base($"cannot {operation} {subject}: {reason}", cause)
    {
        Operation = operation;
        Subject = subject;
        ErrorName = errorName;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>What it was tried on.</summary>
    public string Subject { get; }

    /// <summary>The error's D-Bus name, as org.freedesktop.systemd1.NoSuchUnit; empty if there was no reply.</summary>
    public string ErrorName { get; }

    /// <summary>Whether the unit does not exist.</summary>
    public bool IsNoSuchUnit => ErrorName == SystemdAddress.Name + ".NoSuchUnit";
}
