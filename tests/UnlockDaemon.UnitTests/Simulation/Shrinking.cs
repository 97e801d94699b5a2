namespace UnlockDaemon.UnitTests.Simulation;

/// <summary>Makes a history that fails as short as it can be, and fail in the same way.</summary>
internal static class Shrinking
{
    /// <summary>Leaves out what is not needed: first much at once, then entry by entry.</summary>
    /// <param name="history">The history.</param>
    /// <param name="property">The property that it violates.</param>
    internal static History Shrink(History history, string property)
    {
        for (int size = Math.Max(1, history.Entries.Count / 2); size > 0;)
        {
            History shorter = LeaveOut(history, size, property);
            if (shorter.Entries.Count == history.Entries.Count)
                size /= 2;
            history = shorter;
        }

        return Plain(history, property);
    }

    private static History LeaveOut(History history, int size, string property)
    {
        for (int from = 0; from + size <= history.Entries.Count; from++)
        {
            History shorter = history with
            {
                Entries = [.. history.Entries.Take(from), .. history.Entries.Skip(from + size)],
            };
            if (Fails(shorter, property))
                return shorter;
        }

        return history;
    }

    /// <summary>The plainest machine on which it still fails.</summary>
    private static History Plain(History history, string property)
    {
        Scenario[] plainer =
        [
            history.Scenario with { HasSwap = false }, history.Scenario with { KeepsKey = false },
            history.Scenario with { IsDirty = false }, history.Scenario with { HasOneshot = false },
        ];
        foreach (Scenario scenario in plainer)
        {
            History other = history with
            {
                Scenario = new Scenario(history.Scenario.KeepsKey && scenario.KeepsKey,
                    history.Scenario.HasSwap && scenario.HasSwap, history.Scenario.IsDirty && scenario.IsDirty,
                    history.Scenario.HasOneshot && scenario.HasOneshot),
            };
            if (Fails(other, property))
                history = other;
        }

        return history;
    }

    private static bool Fails(History history, string property) =>
        HistoryRun.Play(history).Violation?.Property == property;
}
