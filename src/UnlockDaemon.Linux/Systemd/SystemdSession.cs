using Tmds.DBus.Protocol;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>
/// One connection to the bus and systemd as it is on it: over when the connection is lost, and also when systemd's name
/// gets another owner, as at a daemon-reexec. <see cref="SystemdConnection"/> then opens the next one.
/// </summary>
/// <remarks>
/// Calls and signals are bound to that owner: anybody on the machine may send a signal, and only systemd's count. Replies
/// and signals are read one after the other as they come; a reader may therefore note what a later signal is about.
/// </remarks>
internal sealed class SystemdSession : IDisposable
{
    private static readonly string[] s_lost =
    [
        "org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.Disconnected",
    ];

    private readonly DBusConnection _connection;
    private readonly string _owner;

    private SystemdSession(DBusConnection connection, string owner, CancellationToken over)
    {
        _connection = connection;
        _owner = owner;
        Over = over;
    }

    /// <summary>Cancelled when it is over.</summary>
    internal CancellationToken Over { get; }

    /// <summary>Connects, and waits until systemd is there, which it is not for a moment after the bus started.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The session; signals of systemd arrive.</returns>
    /// <exception cref="DBusExceptionBase">There is no bus, or it went away at once.</exception>
    internal static async Task<SystemdSession> OpenAsync(CancellationToken cancellationToken)
    {
        DBusConnection connection = new(SystemdAddress.Bus);
        try
        {
            await connection.ConnectAsync();
            NameOwnerWatcher watcher = await connection.WatchNameOwnerAsync(SystemdAddress.Name);
            string owner = await watcher.WaitForOwnerAsync(cancellationToken);
            SystemdSession session = new(connection, owner, watcher.GetOwnerChangedCancellationToken(owner));
            await session.CallManagerAsync("Subscribe");
            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Whether a failure says that the session is over, and nothing about what was asked for.</summary>
    internal static bool IsLost(Exception failure) =>
        failure is DBusConnectionException or DBusOwnerChangedException or ObjectDisposedException
        || (failure is DBusErrorReplyException reply && s_lost.Contains(reply.ErrorName));

    /// <summary>Waits for something, no longer than the session lasts.</summary>
    /// <exception cref="DBusOwnerChangedException">The session is over.</exception>
    internal async Task<T> WhileItLastsAsync<T>(Task<T> task)
    {
        try
        {
            return await task.WaitAsync(Over);
        }
        catch (OperationCanceledException) when (Over.IsCancellationRequested)
        {
            throw new DBusOwnerChangedException();
        }
    }

    /// <summary>Calls the manager, for nothing but its being done.</summary>
    internal Task CallManagerAsync(string member, params string[] arguments) =>
        CallManagerAsync(member, static (_, _) => true, arguments);

    /// <summary>Calls the manager.</summary>
    internal Task<T> CallManagerAsync<T>(string member, MessageValueReader<T> read, params string[] arguments) =>
        CallAsync(SystemdAddress.ManagerPath, SystemdAddress.ManagerInterface, member, read, arguments);

    /// <summary>Whether a job is still queued or runs.</summary>
    /// <param name="job">Its object: /org/freedesktop/systemd1/job/4711.</param>
    internal async Task<bool> HasJobAsync(string job)
    {
        try
        {
            await CallAsync(job, SystemdAddress.PropertiesInterface, "GetAll", static (_, _) => true, "");
            return true;
        }
        catch (DBusErrorReplyException failure) when (!IsLost(failure))
        {
            return false;
        }
    }

    /// <summary>Reads a unit's state; the taker sees it in step with the signals.</summary>
    internal Task<UnitState> ReadUnitAsync(string unit, string path, Action<UnitState>? take = null) =>
        CallAsync(path, SystemdAddress.PropertiesInterface, "GetAll", (message, _) =>
        {
            Reader reader = message.GetBodyReader();
            UnitState state = UnitProperties.Apply(
                new UnitState { Id = unit }, reader.ReadDictionaryOfStringToVariantValue());
            take?.Invoke(state);
            return state;
        }, "");

    /// <summary>Reads one property.</summary>
    internal Task<VariantValue> ReadPropertyAsync(string path, string @interface, string property) =>
        CallAsync(path, SystemdAddress.PropertiesInterface, "Get", static (message, _) =>
        {
            Reader reader = message.GetBodyReader();
            return reader.ReadVariantValue();
        }, @interface, property);

    /// <summary>Receives a signal of systemd.</summary>
    /// <param name="path">The object that it is about.</param>
    /// <param name="interface">Its interface.</param>
    /// <param name="member">Its name.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="handle">Takes it; must not wait or throw.</param>
    /// <returns>What ends the receiving.</returns>
    internal ValueTask<IDisposable> WatchAsync<T>(
        string path, string @interface, string member, MessageValueReader<T> read, Action<T> handle) =>
        _connection.WatchSignalAsync(_owner, path, @interface, member, read,
            notification =>
            {
                if (notification.HasValue)
                    handle(notification.Value);
            },
            ObserverFlags.None, emitOnCapturedContext: false);

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private Task<T> CallAsync<T>(
        string path, string @interface, string member, MessageValueReader<T> read, params string[] arguments) =>
        _connection.CallMethodAsync(Write(path, @interface, member, arguments), read);

    /// <remarks>All arguments that systemd takes from us are texts.</remarks>
    private MessageBuffer Write(string path, string @interface, string member, string[] arguments)
    {
        using MessageWriter writer = _connection.GetMessageWriter();
        // systemd is there or it is not; the bus must not try to start it.
        writer.WriteMethodCallHeader(
            _owner, path, @interface, member, new string('s', arguments.Length), MessageFlags.NoAutoStart);
        foreach (string argument in arguments)
            writer.WriteString(argument);
        return writer.CreateMessage();
    }
}
