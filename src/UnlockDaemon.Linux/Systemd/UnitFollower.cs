using Tmds.DBus.Protocol;

namespace UnlockDaemon.Linux.Systemd;

/// <summary>Follows one unit's state through its PropertiesChanged signals, over sessions.</summary>
/// <remarks>
/// systemd sends two for every change, first that of the unit's type (Result, MainPID), then that of the unit
/// (ActiveState); with the second the state is whole ("clients may rely on this order", core/dbus-unit.c).
/// </remarks>
/// <param name="unit">The unit's name, or an alias of it.</param>
/// <param name="changed">Takes each new state; must not wait or throw.</param>
internal sealed class UnitFollower(string unit, Action<UnitState> changed)
{
    private readonly Lock _lock = new();
    private SystemdSession? _session;
    private UnitState? _state;
    private UnitState? _published;

    /// <summary>Begins to follow in a session, and takes the present state.</summary>
    /// <returns>What ends it.</returns>
    internal async Task<IDisposable> FollowAsync(SystemdSession session)
    {
        lock (_lock)
            (_session, _state) = (session, null);
        // Signals come from the unit's own path, not from an alias's.
        for (string path = UnitName.ToObjectPath(unit); ;)
        {
            IDisposable watch = await session.WatchAsync(path, SystemdAddress.PropertiesInterface, "PropertiesChanged",
                ReadChanges, changes => Receive(session, changes.Aspect, changes.Properties));
            await PinAsync(session);
            UnitState state = await session.ReadUnitAsync(unit, path, state => Take(session, state));
            if (UnitName.ToObjectPath(state.Id) == path)
                return watch;
            watch.Dispose();
            path = UnitName.ToObjectPath(state.Id);
        }
    }

    /// <summary>Lets systemd forget the unit again. The end of the session does that too.</summary>
    internal async Task UnpinAsync(SystemdSession session)
    {
        try
        {
            await session.CallManagerAsync("UnrefUnit", unit);
        }
        catch (Exception failure) when (failure is DBusExceptionBase or ObjectDisposedException)
        {
            // It was not pinned, or the session is over.
        }
    }

    /// <remarks>
    /// systemd forgets an idle unit at once, with how it ended, and reads its files again for every question and for
    /// the next start.
    /// </remarks>
    private async Task PinAsync(SystemdSession session)
    {
        try
        {
            await session.CallManagerAsync("RefUnit", unit);
        }
        catch (DBusErrorReplyException failure) when (!SystemdSession.IsLost(failure))
        {
            // There is no such unit; its state says so.
        }
    }

    private void Take(SystemdSession session, UnitState state)
    {
        lock (_lock)
        {
            if (session != _session)
                return;
            _state = state;
            Publish(state);
        }
    }

    private void Receive(SystemdSession session, string aspect, Dictionary<string, VariantValue> properties)
    {
        lock (_lock)
        {
            // Before the first answer there is nothing to add to; the answer will hold this change.
            if (session != _session || _state is null)
                return;
            _state = UnitProperties.Apply(_state, properties);
            if (aspect == SystemdAddress.UnitInterface)
                Publish(_state);
        }
    }

    private void Publish(UnitState state)
    {
        if (state == _published)
            return;
        _published = state;
        changed(state);
    }

    private static (string Aspect, Dictionary<string, VariantValue> Properties) ReadChanges(
        Message message, object? state)
    {
        Reader reader = message.GetBodyReader();
        return (reader.ReadString(), reader.ReadDictionaryOfStringToVariantValue());
    }
}

/// <summary>What was asked to be followed, and is until it is disposed of.</summary>
internal sealed class UnitWatch : IDisposable
{
    private readonly CancellationTokenSource _ended = new();

    /// <param name="keep">The following; it ends once nobody wants it any more.</param>
    /// <param name="failed">Told if it ends otherwise.</param>
    internal UnitWatch(Func<CancellationToken, Task> keep, Action<Exception>? failed) =>
        Following = SuperviseAsync(keep, failed);

    /// <summary>Ends with the following.</summary>
    internal Task Following { get; }

    /// <inheritdoc/>
    public void Dispose() => _ended.Cancel();

    private async Task SuperviseAsync(Func<CancellationToken, Task> keep, Action<Exception>? failed)
    {
        try
        {
            await keep(_ended.Token);
        }
        catch (OperationCanceledException)
        {
            // Nobody wants it any more, or the connection was given up.
        }
        catch (Exception failure) when (failed is not null)
        {
            failed(failure);
        }
    }
}
