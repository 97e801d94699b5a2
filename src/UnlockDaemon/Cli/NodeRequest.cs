using UnlockDaemon.Storage.Configuration;

namespace UnlockDaemon.Cli;

/// <summary>What a Ganeti node asks for over SSH: one of four fixed sentences, and nothing else.</summary>
/// <param name="Word">check, lock, release or status.</param>
/// <param name="Nonce">Comes back in the answer; empty with status.</param>
/// <param name="Operation">What the node is about to do; empty unless locking.</param>
/// <param name="Deadline">How long a lock may take; null for the configured time.</param>
/// <param name="HoldLimit">After how long the hold of a lock ends by itself.</param>
internal sealed record NodeRequest(
    string Word, string Nonce, string Operation = "", TimeSpan? Deadline = null, TimeSpan? HoldLimit = null)
{
    internal const string Sentences =
        "check NONCE | lock NONCE OPERATION [DEADLINE [HOLD-LIMIT]] | release NONCE | status";

    private const int NonceLength = 32;
    private const int LongestOperation = 32;

    /// <summary>Reads the command that the node gave to SSH.</summary>
    /// <returns>The request; null when it is none of the sentences.</returns>
    internal static NodeRequest? Parse(string command) => command.Split(' ') switch
    {
        ["status"] => new("status", ""),
        ["check" or "release", { } nonce] words when IsNonce(nonce) => new(words[0], nonce),
        ["lock", { } nonce, { } operation, .. { Length: <= 2 } times] when IsNonce(nonce) && IsOperation(operation) =>
            WithTimes(nonce, operation, times),
        _ => null,
    };

    private static NodeRequest? WithTimes(string nonce, string operation, string[] times)
    {
        TimeSpan?[] read = [null, null];
        for (int i = 0; i < times.Length; i++)
        {
            if (!Duration.TryParse(times[i], out TimeSpan time, out _))
                return null;
            read[i] = time;
        }

        return new("lock", nonce, operation, read[0], read[1]);
    }

    private static bool IsNonce(string text) =>
        text.Length == NonceLength && text.All(char.IsAsciiHexDigitLower);

    private static bool IsOperation(string text) =>
        text.Length is > 0 and <= LongestOperation
        && text.All(static letter => char.IsAsciiLetterLower(letter) || letter == '-');
}
