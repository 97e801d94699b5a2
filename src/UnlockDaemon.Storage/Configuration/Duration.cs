using System.Diagnostics.CodeAnalysis;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Lengths of time as people write them: "90s", "2m", "1m30s", "500ms".</summary>
public static class Duration
{
    private const string Form = "write a number with its unit (h, m, s, ms), such as 90s or 1m30s";
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    /// <summary>Reads a length of time.</summary>
    /// <param name="text">Numbers with units h, m, s, ms; the larger unit first, each at most once.</param>
    /// <param name="value">The time: more than none and at most a day.</param>
    /// <param name="problem">What is wrong with the text and what to write, as it follows the text itself.</param>
    /// <returns>Whether it was read.</returns>
    public static bool TryParse(string text, out TimeSpan value, [NotNullWhen(false)] out string? problem)
    {
        problem = ReadAll(text, out value);
        if (problem is null && value == TimeSpan.Zero)
            problem = "is no time at all; write more than 0";
        else if (problem is null && value > s_longest)
            problem = "is more than a day; write at most 24h";
        return problem is null;
    }

    private static string? ReadAll(ReadOnlySpan<char> rest, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        if (rest.IsEmpty)
            return $"is empty; {Form}";
        TimeSpan previous = TimeSpan.MaxValue;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits < 0)
                return $"has no unit; {Form}";
            ReadOnlySpan<char> number = rest[..digits];
            rest = rest[digits..];
            int letters = rest.IndexOfAnyInRange('0', '9');
            TimeSpan unit = Unit(letters < 0 ? rest : rest[..letters]);
            if (number.Length is 0 or > 8 || unit == TimeSpan.Zero || unit >= previous)
                return $"is not a length of time; {Form}";
            value += int.Parse(number) * unit;
            previous = unit;
            rest = letters < 0 ? default : rest[letters..];
        }

        return null;
    }

    private static TimeSpan Unit(ReadOnlySpan<char> name) => name switch
    {
        "h" => TimeSpan.FromHours(1),
        "m" => TimeSpan.FromMinutes(1),
        "s" => TimeSpan.FromSeconds(1),
        "ms" => TimeSpan.FromMilliseconds(1),
        _ => TimeSpan.Zero,
    };
}
