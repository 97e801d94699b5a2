using System.Globalization;

namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>What happens, and when.</summary>
/// <param name="Seed">What it was made of.</param>
/// <param name="Scenario">How the machine is set up.</param>
/// <param name="Entries">What happens, each at its time since the beginning.</param>
internal sealed record History(ulong Seed, Scenario Scenario, IReadOnlyList<(TimeSpan At, Command Command)> Entries)
{
    private static readonly TimeSpan[] s_pauses =
    [
        TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(15),
        TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(15),
    ];

    private static readonly TimeSpan[] s_deadlines =
    [
        TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30),
        TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(5),
    ];

    /// <summary>Makes the one that belongs to a seed.</summary>
    internal static History Throw(ulong seed)
    {
        Dice dice = new(seed);
        Scenario scenario = Scenario.Throw(dice);
        List<(TimeSpan, Command)> entries = [];
        TimeSpan at = TimeSpan.FromSeconds(1);
        for (int left = 2 + dice.Below(10); left > 0; left--)
        {
            // Most of what can go wrong wants an open volume.
            Command command = entries.Count == 0 && dice.Percent(70)
                ? new Command.Unlock(Secret.Right)
                : dice.Percent(20)
                    ? new Command.AfterSteps(1 + dice.Below(8), dice.Percent(50), ThrowCommand(dice))
                    : ThrowCommand(dice);
            entries.Add((at, command));
            at += dice.UpTo(dice.Pick(s_pauses));
        }

        return new History(seed, scenario, entries);
    }

    /// <summary>The list as a person reads it.</summary>
    /// <returns>A line for what it begins with, and one for each entry.</returns>
    public override string ToString() => string.Join('\n', Entries.Select(static entry => string.Create(
        CultureInfo.InvariantCulture, $"  {entry.At.TotalSeconds,10:0.000} s  {entry.Command}"))
        .Prepend($"  seed {Seed}: {Scenario}"));

    private static Command ThrowCommand(Dice dice) => dice.Below(100) switch
    {
        < 17 => new Command.Unlock(dice.Pick(Secret.Right, Secret.Right, Secret.Right, Secret.Wrong, Secret.None)),
        < 36 => new Command.Lock(dice.Pick<TimeSpan>(s_deadlines), dice.Percent(30)),
        < 38 => new Command.Release(),
        < 41 => new Command.Grow(100 + dice.Below(50), dice.Pick(Secret.Right, Secret.Wrong, Secret.None)),
        < 46 => new Command.Panic(),
        < 48 => new Command.Look(),
        < 52 => new Command.Restart(),
        < 56 => new Command.Kill(dice.Percent(50)),
        < 57 => new Command.Reboot(),
        _ => ThrowTrouble(dice),
    };

    private static Command ThrowTrouble(Dice dice) => dice.Below(100) switch
    {
        < 12 => new Command.StrangerComes(dice.Pick("file", "cwd", "device", "mount-namespace", "passing")),
        < 18 => new Command.StrangersLeave(),
        < 32 => new Command.UnitBreaks(ThrowService(dice), dice.Pick("start fails", "start hangs", "late", "stop hangs",
            "leaves processes", "slow")),
        < 36 => new Command.UnitsAreMended(),
        < 41 => new Command.UnitIsStopped(ThrowService(dice)),
        < 45 => new Command.UnitIsStarted(ThrowService(dice)),
        < 49 => new Command.UnitCrashes(ThrowService(dice)),
        < 53 => new Command.UnmountByHand(),
        < 56 => new Command.ForeignMount(dice.Percent(60)),
        < 60 => new Command.ClockStep(TimeSpan.FromHours(dice.Below(48) - 24)),
        < 75 => new Command.DiskBecomes(dice.Pick(DiskCondition.Fine, DiskCondition.Fine, DiskCondition.Slow,
            DiskCondition.Full, DiskCondition.Broken, DiskCondition.Hung)),
        < 79 => new Command.ContainerIsWritten(dice.Pick(World.PathA, World.PathB)),
        < 82 => new Command.ContainerIsDeleted(),
        < 85 => new Command.ContainerIsMoved(),
        < 87 => new Command.FilesystemBreaks(),
        < 92 => new Command.Configure(dice.Pick(World.PathA, World.PathB)),
        < 97 => new Command.NotesAreWritable(dice.Percent(40)),
        _ => new Command.MemoryIsShort(),
    };

    private static string ThrowService(Dice dice) =>
        dice.Pick(Scenario.Database, Scenario.Core, Scenario.Radius, Scenario.Web);
}
