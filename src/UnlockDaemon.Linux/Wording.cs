namespace UnlockDaemon.Linux;

/// <summary>How things are said to people.</summary>
public static class Wording
{
    private const int LongestLine = 1000;

    /// <summary>Makes a reason, as it follows a colon, a sentence.</summary>
    /// <param name="reason">"wrong passphrase"; not empty.</param>
    /// <returns>"Wrong passphrase."</returns>
    public static string Sentence(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return $"{char.ToUpperInvariant(reason[0])}{reason[1..]}.";
    }

    /// <summary>Makes what others say fit for one line of a terminal, which must not take any of it for a command.</summary>
    /// <param name="text">Text of a program, a server or a user.</param>
    /// <returns>The same without control characters, cut where it is too long.</returns>
    public static string OneLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.Create(Math.Min(text.Length, LongestLine), text, static (line, source) =>
        {
            for (int i = 0; i < line.Length; i++)
                line[i] = char.IsControl(source[i]) ? ' ' : source[i];
        });
    }
}
