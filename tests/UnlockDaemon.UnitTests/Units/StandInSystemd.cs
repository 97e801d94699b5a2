using System.Collections.Concurrent;
using UnlockDaemon.Linux.Systemd;

namespace UnlockDaemon.UnitTests.Units;

/// <summary>Stands in for systemd where a test is about the order of things.</summary>
internal sealed class StandInSystemd : ISystemd
{
    private readonly ConcurrentDictionary<string, StandInUnit> _units = new();

    /// <summary>What was asked for, in order: "start mariadb.service".</summary>
    internal ConcurrentQueue<string> Calls { get; } = new();

    internal StandInUnit this[string name] => _units.GetOrAdd(name, static n => new StandInUnit(n));

    public Task<string> StartUnitAsync(string unit, CancellationToken cancellationToken)
    {
        Calls.Enqueue($"start {unit}");
        return this[unit].Start(this[unit], cancellationToken);
    }

    public Task<string> StopUnitAsync(string unit, CancellationToken cancellationToken)
    {
        Calls.Enqueue($"stop {unit}");
        return this[unit].Stop(this[unit], cancellationToken);
    }

    public Task ResetFailedUnitAsync(string unit, CancellationToken cancellationToken)
    {
        Calls.Enqueue($"reset {unit}");
        this[unit].Become("inactive", "dead");
        return Task.CompletedTask;
    }

    public Task ReloadAsync(CancellationToken cancellationToken)
    {
        Calls.Enqueue("reload");
        return Task.CompletedTask;
    }

    public Task<UnitState> GetUnitAsync(string unit, CancellationToken cancellationToken) =>
        Task.FromResult(this[unit].State);

    public Task<string> GetControlGroupAsync(string unit, CancellationToken cancellationToken) =>
        Task.FromResult(this[unit].State.ControlGroup);

    public Task<IDisposable> WatchUnitAsync(
        string unit, Action<UnitState> changed, CancellationToken cancellationToken)
    {
        this[unit].Watch(changed);
        return Task.FromResult<IDisposable>(new Nothing());
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
            // The units end with the test.
        }
    }
}
