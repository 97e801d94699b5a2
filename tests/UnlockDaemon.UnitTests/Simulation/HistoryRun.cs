using UnlockDaemon.Service.Volumes;
using UnlockDaemon.Storage;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>A history as it is played: the machine, the daemons on it, and whoever commands them.</summary>
internal sealed class HistoryRun
{
    private static readonly TimeSpan s_restart = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromSeconds(5);

    private readonly History _history;
    private readonly SimulatedStrand _people;
    private readonly List<(Command Command, int Left, bool IsThrough)> _armed = [];
    private string _container = World.PathA;
    private SimulatedDaemon? _starting;
    private int _restarts;

    private HistoryRun(History history, bool tells)
    {
        _history = history;
        Simulation = new Simulation { Story = tells ? [] : null };
        World = new World(Simulation, Scenario.Services);
        Properties = new Properties(Simulation, World);
        _people = new SimulatedStrand(Simulation);
        Time = new SimulatedTime(Simulation, _people);
        World.Unit(Scenario.Web).IsOneshot = history.Scenario.HasOneshot;
        if (history.Scenario.IsDirty)
            World.Files[0].Filesystem = FilesystemCondition.Dirty;
    }

    internal Simulation Simulation { get; }

    internal World World { get; }

    internal Properties Properties { get; }

    /// <summary>The clock of the people at the machine.</summary>
    internal SimulatedTime Time { get; }

    /// <summary>The daemon that runs; null while none does, or it has not looked around yet.</summary>
    internal SimulatedDaemon? Daemon { get; private set; }

    /// <summary>Plays a history.</summary>
    /// <param name="history">The history.</param>
    /// <param name="tells">Whether its story is to be kept.</param>
    /// <returns>What was seen; the simulation has the violation, if there was one.</returns>
    internal static Simulation Play(History history, bool tells = false)
    {
        HistoryRun run = new(history, tells);
        run.Play();
        return run.Simulation;
    }

    /// <summary>Waits.</summary>
    internal Task WaitAsync(TimeSpan time) => Task.Delay(time, Time);

    private void Play()
    {
        bool isDone = false;
        _people.Post(() => Start());
        foreach ((TimeSpan at, Command command) in _history.Entries)
            Simulation.After(at, () => _people.Post(() => Happen(command)));
        TimeSpan end = (_history.Entries.Count > 0 ? _history.Entries[^1].At : default) + TimeSpan.FromSeconds(30);
        Simulation.After(end, () => _people.Post(async () =>
        {
            try
            {
                await new Finale(this).PlayAsync(_history.Seed % 2 == 0);
            }
            catch (Exception failure)
            {
                Simulation.Violate("no command ends in an exception", $"{failure}");
            }

            isDone = true;
        }));
        Simulation.RunUntil(() => isDone);
        if (!isDone)
            Simulation.Violate("nothing waits for ever", "the clock stands still");
        Daemon?.Dispose();
    }

    /// <summary>A daemon starts, as often as it takes.</summary>
    private async void Start()
    {
        int mine = ++_restarts;
        SimulatedDaemon daemon = new(World, _history.Scenario.With(_container), "/proc/unlockd");
        daemon.Machine.Began = TakeStep;
        daemon.Machine.Ended = (_, _, _) => Fire(isThrough: true);
        Properties.Watch(daemon, isReady: false);
        _starting = daemon;
        Task looking = daemon.Volume.ObserveAsync(CancellationToken.None);
        bool answered = await daemon.AnswersAsync(looking);
        if (mine != _restarts || !answered)
            return;
        if (looking.IsCompletedSuccessfully)
        {
            Daemon = daemon;
            Properties.Watch(daemon, isReady: true);
            _ = daemon.Volume.BringUpSwapAsync();
            Simulation.Tell($"daemon: {daemon.Volume.State}");
            return;
        }

        Simulation.Tell($"daemon: does not start: {looking.Exception?.InnerException?.Message ?? "cancelled"}");
        End(daemon);
        await WaitAsync(s_afterFailure);
        if (mine == _restarts)
            Start();
    }

    private void End(SimulatedDaemon daemon)
    {
        Daemon = null;
        Properties.Forget();
        daemon.Dispose();
    }

    private void TakeStep(Step step)
    {
        Properties.TakeStep(step);
        for (int i = 0; i < _armed.Count; i++)
            _armed[i] = _armed[i] with { Left = _armed[i].Left - 1 };
        Fire(isThrough: false);
    }

    /// <summary>What was to happen after so many steps happens once the kernel is at work, or through.</summary>
    private void Fire(bool isThrough)
    {
        for (int i = _armed.Count - 1; i >= 0; i--)
        {
            (Command command, int left, bool waits) = _armed[i];
            if (left > 0 || waits != isThrough)
                continue;
            _armed.RemoveAt(i);
            Simulation.After(TimeSpan.Zero, () => _people.Post(() => Happen(command)));
        }
    }

    /// <summary>Nothing happens any more after so many steps.</summary>
    internal void Disarm() => _armed.Clear();

    /// <summary>Lets something happen.</summary>
    internal async void Happen(Command command)
    {
        Simulation.Tell($"> {command}");
        try
        {
            Properties.TakeCommand(command);
            switch (command)
            {
                case Command.AfterSteps after:
                    _armed.Add((after.What, after.Steps, after.IsThrough));
                    break;
                case Command.Restart:
                    await RestartAsync();
                    break;
                case Command.Kill kill:
                    Kill(kill.LosesCalls);
                    break;
                case Command.Reboot:
                    Kill(losesCalls: true);
                    World.Reboot();
                    break;
                case Command.Configure configure:
                    _container = configure.Path;
                    break;
                default:
                    if (!command.IsWord)
                        Mishaps.Happen(command, World, Daemon?.Configuration.Volume.Container ?? _container);
                    else if (Daemon is { } daemon)
                        await new Words(this, daemon).SayAsync(command);
                    break;
            }
        }
        catch (Exception failure)
        {
            Simulation.Violate("no command ends in an exception", $"{command}: {failure}");
        }
    }

    private async Task RestartAsync()
    {
        if (Daemon is not { } daemon)
            return;
        Task finished = daemon.Volume.FinishAsync(daemon.Volume.TimeToFinish + Volume.AfterDeadline);
        if (!await daemon.AnswersAsync(finished))
            return;
        await finished;
        End(daemon);
        await WaitAsync(s_restart);
        Start();
    }

    private void Kill(bool losesCalls)
    {
        SimulatedDaemon? daemon = Daemon ?? _starting;
        if (daemon is not { IsAlive: true })
            return;
        if (losesCalls)
            daemon.Machine.LoseCalls();
        End(daemon);
        int mine = _restarts;
        Simulation.After(s_restart, () => _people.Post(() =>
        {
            if (mine == _restarts)
                Start();
        }));
    }
}
