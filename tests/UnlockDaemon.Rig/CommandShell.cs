using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace UnlockDaemon.Rig;

/// <summary>Runs commands through the harness's shell on one of the guest's terminals, one at a time.</summary>
/// <remarks>The other side, and the protocol, are in tests/guest/tree/usr/local/lib/rig/shell.</remarks>
internal sealed partial class CommandShell(GuestConsole console)
{
    private int _number;

    /// <summary>Awaits the shell's first word after a boot.</summary>
    /// <returns>The time since the guest's start.</returns>
    internal async Task<TimeSpan> WaitUntilReadyAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        (await console.ExpectAsync(Ready(), timeout, cancellationToken)).At;

    internal Task SendAsync(string command, TimeSpan limit, ReadOnlyMemory<byte> input,
        CancellationToken cancellationToken)
    {
        string stdin = input.IsEmpty ? "-" : Convert.ToBase64String(input.Span);
        string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(command));
        return console.SendAsync($"{++_number} {limit.TotalSeconds:0.###} {encoded} {stdin}\n", cancellationToken);
    }

    internal async Task<CommandResult> RunAsync(string command, TimeSpan limit, ReadOnlyMemory<byte> input,
        CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        await SendAsync(command, limit, input, cancellationToken);
        // The guest ends the command at its limit; what comes on top is for a guest that is slow to say so.
        TimeSpan patience = limit + TimeSpan.FromSeconds(15);
        Match answer = (await console.ExpectAsync(Answer(_number), patience, cancellationToken)).Match;
        int exitCode = int.Parse(answer.Groups[1].Value);
        byte[] output = await console.ReadAsync(int.Parse(answer.Groups[2].Value), patience, cancellationToken);
        byte[] error = await console.ReadAsync(int.Parse(answer.Groups[3].Value), patience, cancellationToken);
        return new(exitCode, Encoding.UTF8.GetString(output), Encoding.UTF8.GetString(error),
            Stopwatch.GetElapsedTime(start));
    }

    [GeneratedRegex(@"rig-ready [\d. ]+\n", RegexOptions.None, 1000)]
    private static partial Regex Ready();

    private static Regex Answer(int number) =>
        new($@"rig-answer {number} (\d+) (\d+) (\d+)\n", RegexOptions.None, TimeSpan.FromSeconds(10));
}
