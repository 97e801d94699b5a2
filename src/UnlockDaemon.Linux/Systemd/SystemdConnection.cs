namespace UnlockDaemon.Linux.Systemd;

/// <summary>systemd over the system bus: starts and stops units, reads and follows their state.</summary>
/// <remarks>
/// Connects at the first use, and anew when the bus was restarted. One small thread serves it; while nothing happens
/// to the followed units, that thread is not woken.
/// </remarks>
public sealed class SystemdConnection : ISystemd, IDisposable
{
    private static readonly TimeSpan ReplyLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReloadLimit = TimeSpan.FromSeconds(180);

    private readonly SystemdLink _link = new();

    /// <inheritdoc/>
    public Task<string> StartUnitAsync(string unit, CancellationToken cancellationToken) =>
        RunJobAsync("start", "StartUnit", unit, cancellationToken);

    /// <inheritdoc/>
    public Task<string> StopUnitAsync(string unit, CancellationToken cancellationToken) =>
        RunJobAsync("stop", "StopUnit", unit, cancellationToken);

    /// <inheritdoc/>
    public Task ResetFailedUnitAsync(string unit, CancellationToken cancellationToken) =>
        GuardAsync(
            "reset the failure of",
            $"unit {unit}",
            ReplyLimit,
            session => session.CallAsync(
                SystemdAddress.ManagerPath,
                SystemdAddress.ManagerInterface,
                "ResetFailedUnit",
                [unit],
                static _ => true),
            cancellationToken);

    /// <inheritdoc/>
    public Task ReloadAsync(CancellationToken cancellationToken) =>
        GuardAsync(
            "reload",
            "the unit files",
            ReloadLimit,
            session => session.CallAsync(
                SystemdAddress.ManagerPath, SystemdAddress.ManagerInterface, "Reload", [], static _ => true),
            cancellationToken);

    /// <inheritdoc/>
    public Task<UnitState> GetUnitAsync(string unit, CancellationToken cancellationToken) =>
        GuardAsync(
            "read the state of", $"unit {unit}", ReplyLimit, s => s.ReadUnitAsync(unit), cancellationToken);

    /// <inheritdoc/>
    public async Task<string> GetControlGroupAsync(string unit, CancellationToken cancellationToken)
    {
        try
        {
            return await GuardAsync(
                "read the control group of",
                $"unit {unit}",
                ReplyLimit,
                session => session.ReadPropertyAsync(
                    UnitName.ToObjectPath(unit), UnitName.ToInterface(unit), "ControlGroup"),
                cancellationToken);
        }
        catch (SystemdException exception) when (exception.ErrorName == SystemdAddress.UnknownProperty)
        {
            return "";
        }
    }

    /// <summary>Asks how the system as a whole does: <c>systemctl is-system-running</c>.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>initializing, starting, running, degraded, maintenance, stopping.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public Task<string> GetSystemStateAsync(CancellationToken cancellationToken) =>
        GuardAsync(
            "read the state of",
            "the system",
            ReplyLimit,
            session => session.ReadPropertyAsync(
                SystemdAddress.ManagerPath, SystemdAddress.ManagerInterface, "SystemState"),
            cancellationToken);

    /// <inheritdoc/>
    public Task<IDisposable> WatchUnitAsync(
        string unit, Action<UnitState> changed, CancellationToken cancellationToken)
    {
        var subscription = new UnitSubscription(unit, changed);
        return SubscribeAsync(
            subscription, $"unit {unit}", session => session.FollowAsync(subscription), cancellationToken);
    }

    /// <summary>Follows the ends of a unit's jobs, whoever asked for them.</summary>
    /// <param name="unit">The unit's own name, no alias.</param>
    /// <param name="ended">Takes each job that ended, on the bus's thread: must not wait or throw.</param>
    /// <param name="cancellationToken">Ends the waiting for systemd.</param>
    /// <returns>When the following began; what ends it.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public Task<IDisposable> WatchJobsAsync(
        string unit, Action<UnitJob> ended, CancellationToken cancellationToken) =>
        SubscribeAsync(new JobSubscription(unit, ended), $"jobs of unit {unit}", cancellationToken);

    /// <summary>Waits for the end of the boot: systemd's StartupFinished.</summary>
    /// <param name="finished">Told once the boot's jobs are done, on the bus's thread: must not wait or throw.</param>
    /// <param name="cancellationToken">Ends the waiting for systemd.</param>
    /// <returns>When the following began; what ends it.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public Task<IDisposable> WatchStartupAsync(Action finished, CancellationToken cancellationToken) =>
        SubscribeAsync(new StartupSubscription(finished), "the boot", cancellationToken);

    /// <summary>Ends the connection, the thread and all following.</summary>
    public void Dispose() => _link.Dispose();

    private async Task<string> RunJobAsync(
        string operation, string member, string unit, CancellationToken cancellationToken)
    {
        string subject = $"unit {unit}";
        SystemdSession? used = null;
        try
        {
            Task<string> job = await GuardAsync(
                operation,
                subject,
                ReplyLimit,
                session => (used = session).BeginJobAsync(member, unit),
                cancellationToken);
            return await GuardAsync(operation, subject, Timeout.InfiniteTimeSpan, _ => job, cancellationToken);
        }
        finally
        {
            used?.EndJob();
        }
    }

    private Task<IDisposable> SubscribeAsync(
        Subscription subscription, string subject, CancellationToken cancellationToken) =>
        SubscribeAsync(
            subscription,
            subject,
            session =>
            {
                session.AddMatch(subscription.Rule);
                return Task.CompletedTask;
            },
            cancellationToken);

    private async Task<IDisposable> SubscribeAsync(
        Subscription subscription,
        string subject,
        Func<SystemdSession, Task> follow,
        CancellationToken cancellationToken)
    {
        var token = new SubscriptionToken(() => _link.Remove(subscription));
        try
        {
            return await GuardAsync<IDisposable>(
                "follow",
                subject,
                ReplyLimit,
                async session =>
                {
                    await session.Present;
                    _link.Add(subscription);
                    await follow(session);
                    return token;
                },
                cancellationToken);
        }
        catch
        {
            token.Dispose();
            throw;
        }
    }

    /// <summary>Makes a call within a limit, and one kind of exception of all that can go wrong.</summary>
    private async Task<T> GuardAsync<T>(
        string operation,
        string subject,
        TimeSpan limit,
        Func<SystemdSession, Task<T>> call,
        CancellationToken cancellationToken)
    {
        try
        {
            return await call(_link.Session).WaitAsync(limit, cancellationToken);
        }
        catch (BusErrorException exception)
        {
            throw new SystemdException(operation, subject, exception.Name, exception.Message, exception);
        }
        catch (LinuxException exception)
        {
            throw new SystemdException(operation, subject, "", exception.Message, exception);
        }
        catch (ObjectDisposedException exception)
        {
            throw new SystemdException(operation, subject, "", "the connection to systemd was closed", exception);
        }
        catch (TimeoutException exception)
        {
            string reason = $"systemd did not answer within {limit.TotalSeconds} s";
            throw new SystemdException(operation, subject, "", reason, exception);
        }
    }
}
