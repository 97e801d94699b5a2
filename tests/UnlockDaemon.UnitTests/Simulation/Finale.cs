using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>
/// How every history ends: all that was wrong is put right, as far as a person would be told to, and then the volume
/// must come up with all its services, and go down with a certificate.
/// </summary>
internal sealed class Finale(HistoryRun run)
{
    private const int Attempts = 4;
    private static readonly TimeSpan s_settling = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longSettling = TimeSpan.FromMinutes(12);
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestStart = TimeSpan.FromMinutes(25);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan s_longDeadline = TimeSpan.FromMinutes(10);

    private readonly World _world = run.World;

    /// <summary>Plays it.</summary>
    /// <param name="isPatient">Whether what was begun is given its time first.</param>
    internal async Task PlayAsync(bool isPatient)
    {
        if (isPatient && run.Properties.Pending > 0)
            await run.WaitAsync(s_longSettling);
        run.Simulation.Tell($"--- the end: all faults are taken away");
        TakeFaultsAway();
        await run.WaitAsync(s_settling);
        if (await OpenAsync() is not { } daemon)
            return;
        for (TimeSpan waited = default; daemon.Volume.State != VolumeState.Ready; waited += s_step)
        {
            if (waited > s_longestStart)
            {
                Fail($"{daemon.Volume.State}: {daemon.Volume.LastError}; "
                    + string.Join(", ", _world.Units.Select(unit => $"{unit.Name} {daemon.StateOf(unit.Name)}")));
                return;
            }

            await run.WaitAsync(s_step);
        }

        Words words = new(run, daemon);
        LockOutcome? outcome = await words.LockAsync(s_deadline, holds: false);
        // Stops took longer before, as it says.
        if (outcome is { Certificate: null, Reason: var reason }
            && reason.Contains("give it more time", StringComparison.Ordinal))
            outcome = await words.LockAsync(s_longDeadline, holds: false);
        if (outcome is not { Certificate: not null })
            Fail($"lock does not lead to a certificate: {outcome?.Reason}");
        else if (daemon.Volume.State != VolumeState.Locked)
            Fail($"{daemon.Volume.State} after a certificate, {outcome.Reason}");
    }

    private void Fail(string text) => run.Simulation.Violate("from everywhere back to all up, and down", text);

    private void TakeFaultsAway()
    {
        run.Disarm();
        Mishaps.Happen(new Command.StrangersLeave(), _world, "");
        Mishaps.Happen(new Command.UnitsAreMended(), _world, "");
        (_world.IsForeignMounted, _world.IsMemoryShort, _world.AreNotesWritable) = (false, false, true);
        _world.SetDisk(DiskCondition.Fine);
    }

    /// <summary>Does what a person does who wants it open, and reads what is said.</summary>
    private async Task<SimulatedDaemon?> OpenAsync()
    {
        string? reason = "there is no daemon";
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            if (run.Daemon is { } daemon)
            {
                Words words = new(run, daemon);
                await words.SayAsync(new Command.Release());
                string container = daemon.Configuration.Volume.Container;
                // What was deleted is saved from its device, once it is closed.
                if (_world.FileAt(container) is null && _world.Mapping is { File.Path: null })
                    await words.LockAsync(s_deadline, holds: false);
                Repair(container);
                UnlockAttempt? unlock = await words.UnlockAsync(Secret.Right);
                if (unlock?.Outcome == UnlockOutcome.Mounted)
                    return daemon;
                reason = unlock?.Reason;
                if (_world.Mapping is not null)
                    await words.LockAsync(s_deadline, holds: false);
            }

            await run.WaitAsync(s_settling);
        }

        Fail($"cannot unlock: {reason}");
        return null;
    }

    /// <summary>What the messages ask of a person.</summary>
    private void Repair(string container)
    {
        if (_world.Mapping is { File: var open } && open.Home != container)
            CloseByHand();
        if (_world.FileAt(container) is null)
            Restore(container);
        if (_world.FileAt(container) is { Filesystem: FilesystemCondition.Broken } file && !_world.IsMounted)
            file.Write(FilesystemCondition.Clean);
    }

    private void Restore(string container)
    {
        if (_world.Files.Find(file => file.Home == container && file.Path is not null) is { } moved)
        {
            moved.Path = container;
        }
        else if (_world.Files.Find(file => file.Home == container) is not { } lost)
        {
            _world.Files.Add(new SimulatedFile(99, container));
        }
        else if (_world.Mapping?.File != lost)
        {
            // cp --sparse=always, losetup -d
            _world.Loops.RemoveAll(loop => loop.File == lost);
            _world.Files.Remove(lost);
            _world.Files.Add(new SimulatedFile(98, container) { Filesystem = lost.Filesystem, IsTouched = true });
        }
    }

    /// <summary>Another container has taken the place: umount, cryptsetup close, losetup -d.</summary>
    private void CloseByHand()
    {
        foreach (SimulatedUnit unit in _world.Units)
            unit.Kill();
        _world.IsMounted = false;
        _world.EndMount();
        _world.Mapping = null;
        _world.Loops.Clear();
    }
}
