using System.Globalization;

namespace UnlockDaemon.Benchmarks;

/// <summary>The table of figures: medians of alternating rounds, and how busy the machine was.</summary>
/// <param name="measures">
/// Run a command that prints seconds, alone in the last line that begins with a digit: with the package that is looked
/// at, then with the other one, if there is one.
/// </param>
internal sealed class Table(Func<string, Task<string>>[] measures)
{
    internal static void Begin(string? other)
    {
        Console.WriteLine($"| what (median of rounds) | unlockd | {Path.GetFileName(other) ?? "-"} | beside it | ratio "
            + "| wanted | load |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
    }

    internal static void Tell(string what, string figure, string wanted) => Write(what, figure, "", "", "", wanted);

    /// <summary>A row of its own time.</summary>
    internal async Task TimeAsync(string what, int rounds, string command, string wanted)
    {
        double[][] times = await MeasureAsync(rounds, [.. measures.Select(measure => (measure, command))]);
        Write($"{what} ({rounds})", $"{Median(times[0]):0.000} s (best {times[0].Min():0.000})",
            times.Length > 1 ? $"{Median(times[1]):0.000} s" : "", "", "", wanted);
    }

    /// <summary>A row for each of the others, all measured in turns.</summary>
    internal async Task CompareAsync(
        string what, int rounds, string ours, string wanted, params (string Name, string Command)[] others)
    {
        double[][] times = await MeasureAsync(rounds,
        [
            .. measures.Select(measure => (measure, ours)),
            .. others.Select(other => (measures[0], other.Command)),
        ]);
        double unlockd = Median(times[0]);
        string before = measures.Length > 1 ? $"{Median(times[1]):0.00} s" : "";
        foreach ((string name, double[] theirs) in others.Select(static other => other.Name)
            .Zip(times.Skip(measures.Length)))
        {
            Write($"{what} ({rounds})", $"{unlockd:0.00} s", before, $"{name}: {Median(theirs):0.00} s",
                $"{unlockd / Median(theirs):0.00}", wanted);
        }
    }

    private static async Task<double[][]> MeasureAsync(
        int rounds, (Func<string, Task<string>> Measure, string Command)[] ways)
    {
        double[][] times = Array.ConvertAll(ways, _ => new double[rounds]);
        for (int round = 0; round < rounds; round++)
        {
            for (int way = 0; way < ways.Length; way++)
                times[way][round] = Seconds(await ways[way].Measure(ways[way].Command));
        }

        return times;
    }

    private static void Write(
        string what, string figure, string before, string beside, string ratio, string wanted)
    {
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        Console.WriteLine($"| {what} | {figure} | {before} | {beside} | {ratio} | {wanted} | {load} |");
    }

    private static double Seconds(string output) => double.Parse(
        output.Split('\n').Last(static line => line.Length > 0 && char.IsAsciiDigit(line[0])),
        CultureInfo.InvariantCulture);

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
