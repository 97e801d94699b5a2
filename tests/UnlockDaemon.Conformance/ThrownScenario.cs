using UnlockDaemon.UnitTests.Simulation;

namespace UnlockDaemon.Conformance;

/// <summary>
/// Scenarios by the throw of dice, always the same: on the way up and down, with whatever else can happen in between.
/// </summary>
internal static class ThrownScenario
{
    private const int Count = 16;
    private const int Length = 16;

    private static readonly string[] s_up = ["attach", "map right", "mount"];
    private static readonly string[] s_down = ["detach", "unmap", "unmount"];

    // Not what is known to take seconds, or what can be done once only.
    private static readonly string[] s_else =
    [
        "attach", "map right", "map wrong", "map by kept key", "check", "mount", "sync", "flush", "unmount", "protect",
        "keep key", "forget key", "wipe keys", "attach again", "losetup -d", "dmsetup remove", "umount", "mount other",
        "hold file", "hold directory", "hold mapping", "hold namespace", "let go", "let go", "let go", "move",
        "move back", "mark unclean", "restart", "restart on other",
    ];

    /// <summary>Throws all of them.</summary>
    internal static IEnumerable<Scenario> Throw() => Enumerable.Range(1, Count).Select(static seed => Throw(seed));

    private static Scenario Throw(int seed)
    {
        Dice dice = new((ulong)seed);
        List<Move> moves = [];
        int level = 0;
        bool isGoingUp = true;
        while (moves.Count < Length)
        {
            if (dice.Percent(40))
            {
                moves.Add(new Move(dice.Pick<string>(s_else)));
                continue;
            }

            if (dice.Percent(15))
                isGoingUp = !isGoingUp;
            // At the top or the bottom there is only one way.
            isGoingUp = level == 0 || (level < s_up.Length && isGoingUp);
            moves.Add(new Move(isGoingUp ? s_up[level++] : s_down[--level]));
        }

        return new Scenario($"thrown {seed}", moves) { KeepsKey = dice.Percent(50) };
    }
}
