namespace UnlockDaemon.Storage.Configuration;

/// <summary>Finds what a mistyped word was meant to be.</summary>
internal static class Spelling
{
    /// <summary>The advice for a word that is not one of the known ones.</summary>
    /// <returns>"did you mean "x"?", or the list of known words when none is near.</returns>
    internal static string Advice(string word, IReadOnlyList<string> known) =>
        Nearest(word, known) is { } nearest ? $"did you mean \"{nearest}\"?" : $"known: {string.Join(", ", known)}";

    /// <summary>The known word nearest to one that was typed; null when none is near enough to be meant.</summary>
    internal static string? Nearest(string word, IReadOnlyList<string> known)
    {
        string? nearest = null;
        int limit = Math.Max(1, word.Length / 3);
        foreach (string candidate in known)
        {
            int distance = Distance(word, candidate);
            if (distance <= limit && (distance < limit || nearest is null))
                (nearest, limit) = (candidate, distance);
        }

        return nearest ?? (word.Length >= 3 ? Completion(word, known) : null);
    }

    private static string? Completion(string word, IReadOnlyList<string> known)
    {
        foreach (string candidate in known)
        {
            if (candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                return candidate;
        }

        return null;
    }

    // Optimal string alignment: inserted, dropped, changed and swapped characters, whatever their case.
    private static int Distance(string left, string right)
    {
        int[,] cost = new int[left.Length + 1, right.Length + 1];
        for (int row = 0; row <= left.Length; row++)
        {
            for (int column = 0; column <= right.Length; column++)
                cost[row, column] = Cost(cost, left, right, row, column);
        }

        return cost[left.Length, right.Length];
    }

    private static int Cost(int[,] cost, string left, string right, int row, int column)
    {
        if (row == 0 || column == 0)
            return row + column;
        bool same = Same(left[row - 1], right[column - 1]);
        int best = Math.Min(
            cost[row - 1, column - 1] + (same ? 0 : 1),
            Math.Min(cost[row - 1, column], cost[row, column - 1]) + 1);
        bool swapped = row > 1 && column > 1
            && Same(left[row - 1], right[column - 2]) && Same(left[row - 2], right[column - 1]);
        return swapped ? Math.Min(best, cost[row - 2, column - 2] + 1) : best;
    }

    private static bool Same(char left, char right) => char.ToLowerInvariant(left) == char.ToLowerInvariant(right);
}
