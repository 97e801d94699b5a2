using System.Globalization;

namespace UnlockDaemon.Benchmarks;

/// <summary>The table of figures: medians of alternating rounds, and how busy the machine was.</summary>
/// <param name="measure">Runs a command that prints seconds, alone in the last line that begins with a digit.</param>
internal sealed class Table(Func<string, Task<string>> measure)
{
    internal static void Begin()
    {
        Console.WriteLine("| what (median of rounds) | unlockd | beside it | ratio | wanted | load |");
        Console.WriteLine("|---|---|---|---|---|---|");
    }

    internal static void Tell(string what, string figure, string wanted) => Write(what, figure, "", "", wanted);

    /// <summary>A row of its own time.</summary>
    internal static async Task TimeAsync(string what, int rounds, Func<Task<string>> command, string wanted)
    {
        List<double> times = [];
        for (int i = 0; i < rounds; i++)
            times.Add(Seconds(await command()));
        Write($"{what} ({rounds})", $"{Median(times):0.000} s (best {times.Min():0.000})", "", "", wanted);
    }

    /// <summary>A row for each of the others, all measured in turns.</summary>
    internal async Task CompareAsync(
        string what, int rounds, string ours, string wanted, params (string Name, string Command)[] others)
    {
        List<double> unlockd = [];
        List<double>[] beside = Array.ConvertAll(others, static _ => new List<double>());
        for (int i = 0; i < rounds; i++)
        {
            unlockd.Add(Seconds(await measure(ours)));
            for (int j = 0; j < others.Length; j++)
                beside[j].Add(Seconds(await measure(others[j].Command)));
        }

        for (int j = 0; j < others.Length; j++)
        {
            double theirs = Median(beside[j]);
            Write($"{what} ({rounds})", $"{Median(unlockd):0.00} s", $"{others[j].Name}: {theirs:0.00} s",
                $"{Median(unlockd) / theirs:0.00}", wanted);
        }
    }

    private static void Write(string what, string figure, string beside, string ratio, string wanted)
    {
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        Console.WriteLine($"| {what} | {figure} | {beside} | {ratio} | {wanted} | {load} |");
    }

    private static double Seconds(string output) => double.Parse(
        output.Split('\n').Last(static line => line.Length > 0 && char.IsAsciiDigit(line[0])),
        CultureInfo.InvariantCulture);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
