namespace UnlockDaemon.Linux.Systemd;

/// <summary>Follows one unit's state through its PropertiesChanged signals.</summary>
/// <remarks>
/// systemd sends two for every change, first that of the unit's type (Result, MainPID), then that of the unit
/// (ActiveState); with the second the state is whole ("clients may rely on this order", core/dbus-unit.c).
/// </remarks>
internal sealed class UnitSubscription(string unit, Action<UnitState> changed) : Subscription
{
    private UnitState? _state;
    private UnitState? _published;

    internal string Unit => unit;

    internal string Path { get; private set; } = UnitName.ToObjectPath(unit);

    internal override string Rule => SystemdAddress.UnitRuleOf(Path);

    internal override bool Covers(string path, string member) => member == "PropertiesChanged" && path == Path;

    /// <summary>Takes a state that was asked for. Signals come from the unit's own path, not from an alias's.</summary>
    internal void Take(UnitState state)
    {
        Path = UnitName.ToObjectPath(state.Id);
        _state = state;
        Publish();
    }

    internal override void Receive(BusMessage signal)
    {
        // Before the first answer there is nothing to add to; the answer will hold this change.
        if (_state is null)
            return;
        string aspect = signal.ReadString();
        _state = UnitProperties.Read(signal, _state);
        if (aspect == SystemdAddress.UnitInterface)
            Publish();
    }

    private void Publish()
    {
        if (_state is null || _state == _published)
            return;
        _published = _state;
        changed(_state);
    }
}
