using System.Net.Sockets;
using Tmds.DBus.Protocol;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>systemd over the system bus: starts and stops units, reads and follows their state.</summary>
/// <remarks>
/// Connects at the first use. When the bus or systemd itself is started anew, so is the session: what is followed is
/// followed again, a job under way is asked about, and a call that was cut off is made again. While nothing happens to
/// what is followed, nothing here is woken.
/// </remarks>
/// <param name="failed">Told of a failure that nobody waits for and that is a fault of this program.</param>
public sealed class SystemdConnection(Action<Exception>? failed = null) : ISystemd, IDisposable
{
    private static readonly TimeSpan s_replyLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_reloadLimit = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _disposed = new();
    private Task<SystemdSession>? _session;
    private volatile bool _wasThere;

    /// <inheritdoc/>
    public Task<string> StartUnitAsync(string unit, CancellationToken cancellationToken) =>
        CallAsync("start", $"unit {unit}", Timeout.InfiniteTimeSpan,
            new UnitJob(UnitJob.Start, unit).RunAsync, cancellationToken);

    /// <inheritdoc/>
    public Task<string> StopUnitAsync(string unit, CancellationToken cancellationToken) =>
        CallAsync("stop", $"unit {unit}", Timeout.InfiniteTimeSpan,
            new UnitJob(UnitJob.Stop, unit).RunAsync, cancellationToken);

    /// <inheritdoc/>
    public Task ResetFailedUnitAsync(string unit, CancellationToken cancellationToken) =>
        CallAsync("reset the failure of", $"unit {unit}", s_replyLimit,
            session => session.CallManagerAsync("ResetFailedUnit", static (_, _) => true, unit), cancellationToken);

    /// <inheritdoc/>
    public Task ReloadAsync(CancellationToken cancellationToken) =>
        CallAsync("reload", "the unit files", s_reloadLimit,
            static session => session.CallManagerAsync("Reload", static (_, _) => true), cancellationToken);

    /// <inheritdoc/>
    public Task<UnitState> GetUnitAsync(string unit, CancellationToken cancellationToken) =>
        CallAsync("read the state of", $"unit {unit}", s_replyLimit,
            session => session.ReadUnitAsync(unit, UnitName.ToObjectPath(unit)), cancellationToken);

    /// <inheritdoc/>
    public async Task<string> GetControlGroupAsync(string unit, CancellationToken cancellationToken)
    {
        try
        {
            return (await CallAsync("read the control group of", $"unit {unit}", s_replyLimit,
                session => session.ReadPropertyAsync(
                    UnitName.ToObjectPath(unit), UnitName.ToInterface(unit), "ControlGroup"),
                cancellationToken)).GetString();
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
    public async Task<string> GetSystemStateAsync(CancellationToken cancellationToken) =>
        (await CallAsync("read the state of", "the system", s_replyLimit,
            static session => session.ReadPropertyAsync(
                SystemdAddress.ManagerPath, SystemdAddress.ManagerInterface, "SystemState"),
            cancellationToken)).GetString();

    /// <inheritdoc/>
    public Task<IDisposable> WatchUnitAsync(
        string unit, Action<UnitState> changed, CancellationToken cancellationToken)
    {
        UnitFollower follower = new(unit, changed);
        return WatchAsync($"unit {unit}", follower.FollowAsync, follower.UnpinAsync, cancellationToken);
    }

    /// <summary>Waits for the end of the boot: systemd's StartupFinished.</summary>
    /// <param name="finished">Told once the boot's jobs are done, on any thread: must not wait or throw.</param>
    /// <param name="cancellationToken">Ends the waiting for systemd.</param>
    /// <returns>When the following began; what ends it.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached.</exception>
    public Task<IDisposable> WatchStartupAsync(Action finished, CancellationToken cancellationToken) =>
        WatchAsync(
            "the boot",
            async session => await session.WatchAsync(SystemdAddress.ManagerPath, SystemdAddress.ManagerInterface,
                "StartupFinished", static (_, _) => true, _ => finished()),
            static _ => Task.CompletedTask,
            cancellationToken);

    /// <summary>Ends the connection and all following.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed.Cancel();
            if (_session is { IsCompletedSuccessfully: true })
                _session.Result.Dispose();
        }
    }

    /// <summary>The session, or a new one if there is none any more.</summary>
    private Task<SystemdSession> SessionAsync()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
            if (_session is { IsCompletedSuccessfully: true } && _session.Result.Over.IsCancellationRequested)
            {
                _session.Result.Dispose();
                _session = null;
            }

            if (_session is null or { IsFaulted: true } or { IsCanceled: true })
                _session = SystemdSession.OpenAsync(_disposed.Token);
            return _session;
        }
    }

    /// <summary>Makes a call within a limit, and one kind of exception of all that can go wrong.</summary>
    private async Task<T> CallAsync<T>(string operation, string subject, TimeSpan limit,
        Func<SystemdSession, Task<T>> call, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limited =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        limited.CancelAfter(limit);
        try
        {
            return await TryUntilAsync(call, static failure => SystemdSession.IsLost(failure), limited.Token);
        }
        catch (DBusErrorReplyException exception)
        {
            throw new SystemdException(
                operation, subject, exception.ErrorName, exception.ErrorMessage ?? exception.ErrorName, exception);
        }
        catch (Exception exception) when (_disposed.IsCancellationRequested && IsBroken(exception))
        {
            throw new SystemdException(operation, subject, "", "the connection to systemd was closed", exception);
        }
        catch (Exception exception) when (exception is TimeoutException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new SystemdException(operation, subject, "", "systemd did not answer in time", exception);
        }
        catch (Exception exception) when (IsBroken(exception) && exception is not OperationCanceledException)
        {
            throw new SystemdException(operation, subject, "", exception.Message, exception);
        }
    }

    /// <summary>
    /// Makes a call again as long as sessions end under it. Where there never was one, the first failure counts: an
    /// operator on a machine without a bus must not wait.
    /// </summary>
    private async Task<T> TryUntilAsync<T>(
        Func<SystemdSession, Task<T>> call, Func<Exception, bool> isPassing, CancellationToken cancellationToken)
    {
        for (TimeSpan pause = s_firstPause; ; pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause)
        {
            try
            {
                SystemdSession session = await SessionAsync().WaitAsync(cancellationToken);
                _wasThere = true;
                return await call(session).WaitAsync(cancellationToken);
            }
            catch (Exception failure) when (_wasThere && !_disposed.IsCancellationRequested && isPassing(failure))
            {
                await Task.Delay(pause, cancellationToken);
            }
        }
    }

    private async Task<IDisposable> WatchAsync(string subject, Func<SystemdSession, Task<IDisposable>> follow,
        Func<SystemdSession, Task> release, CancellationToken cancellationToken)
    {
        (SystemdSession, IDisposable) first = await CallAsync("follow", subject, s_replyLimit,
            async session => (session, await follow(session)), cancellationToken);
        return new UnitWatch(ended => KeepAsync(first, follow, release, ended), failed);
    }

    /// <summary>Follows again in each session that comes after one that ended.</summary>
    private async Task KeepAsync((SystemdSession Session, IDisposable Following) present,
        Func<SystemdSession, Task<IDisposable>> follow, Func<SystemdSession, Task> release, CancellationToken ended)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(ended, _disposed.Token);
        while (true)
        {
            using (CancellationTokenSource next =
                CancellationTokenSource.CreateLinkedTokenSource(over.Token, present.Session.Over))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, next.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            present.Following.Dispose();
            if (over.IsCancellationRequested)
            {
                await release(present.Session);
                return;
            }

            present = await TryUntilAsync(
                async session => (session, await follow(session)), IsBroken, over.Token);
        }
    }

    private static bool IsBroken(Exception failure) =>
        failure is DBusExceptionBase or SocketException or IOException or ObjectDisposedException
            or OperationCanceledException;
}

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
