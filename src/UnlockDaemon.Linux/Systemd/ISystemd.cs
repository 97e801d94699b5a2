namespace UnlockDaemon.Linux.Systemd;

/// <summary>What services need of systemd; tests of their order stand in for it.</summary>
public interface ISystemd
{
    /// <summary>Starts a unit and waits for the job (mode "replace": a stop job that waits is dropped).</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="cancellationToken">Ends the waiting, not the job.</param>
    /// <returns>The job's result; see <see cref="JobResult"/>.</returns>
    /// <exception cref="SystemdException">There is no such unit, or systemd cannot be reached.</exception>
    Task<string> StartUnitAsync(string unit, CancellationToken cancellationToken);

    /// <summary>Stops a unit and waits for the job.</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="cancellationToken">Ends the waiting, not the job.</param>
    /// <returns>The job's result; <see cref="JobResult.Done"/> also if it was not running.</returns>
    /// <exception cref="SystemdException">There is no such unit, or systemd cannot be reached.</exception>
    Task<string> StopUnitAsync(string unit, CancellationToken cancellationToken);

    /// <summary>Forgets a unit's failure and its count of starts.</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>When systemd has done it.</returns>
    /// <exception cref="SystemdException">There is no such unit, or systemd cannot be reached.</exception>
    Task ResetFailedUnitAsync(string unit, CancellationToken cancellationToken);

    /// <summary>Lets systemd read its unit files again: <c>daemon-reload</c>.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>When systemd has done it.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    Task ReloadAsync(CancellationToken cancellationToken);

    /// <summary>Asks for a unit's state; a unit that is not loaded is loaded for it.</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The state; of a unit that does not exist too (<see cref="UnitState.LoadState"/> says so).</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    Task<UnitState> GetUnitAsync(string unit, CancellationToken cancellationToken);

    /// <summary>Asks for a unit's control group: one property, many times cheaper than the whole state.</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Its path under /sys/fs/cgroup; empty if it has none now, or is of a kind that never has.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    Task<string> GetControlGroupAsync(string unit, CancellationToken cancellationToken);

    /// <summary>Follows a unit, also over restarts of the bus and of systemd.</summary>
    /// <param name="unit">The unit's name.</param>
    /// <param name="changed">
    /// Takes each new state, the present one first. Called one at a time, on the bus's thread: must not wait or throw.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting for the present state.</param>
    /// <returns>When the present state was given; what ends the following.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    Task<IDisposable> WatchUnitAsync(string unit, Action<UnitState> changed, CancellationToken cancellationToken);
}

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
