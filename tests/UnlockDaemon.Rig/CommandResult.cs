namespace UnlockDaemon.Rig;

/// <summary>A command that has run to its end.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number if one killed it.</param>
/// <param name="Output">Its standard output, as UTF-8.</param>
/// <param name="Error">Its standard error, as UTF-8.</param>
/// <param name="Duration">How long it took, seen from outside.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error, TimeSpan Duration)
{
    private const int LastWordsLength = 3000;

    /// <summary>The end of all it said, for a message.</summary>
    internal string LastWords
    {
        get
        {
            string all = Output + Error;
            return all[Math.Max(0, all.Length - LastWordsLength)..];
        }
    }

    /// <summary>The output, if the command succeeded.</summary>
    /// <returns>The output without the newline at its end.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message has the end of what it said.</exception>
    public string Require() => ExitCode == 0
        ? Output.TrimEnd('\n')
        : throw new InvalidOperationException($"the command failed with exit code {ExitCode}:\n{LastWords}");
}
