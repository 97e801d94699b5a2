namespace UnlockDaemon.Linux;

/// <summary>How things are said to people.</summary>
public static class Wording
{
    /// <summary>Makes a reason, as it follows a colon, a sentence.</summary>
    /// <param name="reason">"wrong passphrase"; not empty.</param>
    /// <returns>"Wrong passphrase."</returns>
    public static string Sentence(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        return $"{char.ToUpperInvariant(reason[0])}{reason[1..]}.";
    }
}
