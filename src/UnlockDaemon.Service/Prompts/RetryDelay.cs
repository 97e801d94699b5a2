namespace UnlockDaemon.Service.Prompts;

/// <summary>How long to wait after wrong passphrases: growing, never giving up.</summary>
internal sealed class RetryDelay
{
    private static readonly int[] s_seconds = [1, 2, 3, 5, 8, 10];
    private int _failures;

    /// <summary>Counts one more wrong passphrase.</summary>
    /// <returns>How long to wait before asking again: 1 s after the first, 10 s at most.</returns>
    internal TimeSpan Next()
    {
        int seconds = s_seconds[Math.Min(_failures, s_seconds.Length - 1)];
        _failures++;
        return TimeSpan.FromSeconds(seconds);
    }
}
