using System.Globalization;
using System.Text;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Service.Units;

/// <summary>How long the last stops of each service took: "mysql 1.82 2.4", a line for each, the newest last.</summary>
/// <remarks>Only an estimate hangs on it: what cannot be read or written is left out.</remarks>
internal sealed class StopHistory(string path)
{
    private const int Kept = 5;
    private readonly Lock _lock = new();

    /// <summary>The longest of the last stops, or zero.</summary>
    internal TimeSpan Longest(string service)
    {
        lock (_lock)
            return TimeSpan.FromSeconds(Read().GetValueOrDefault(service, []).DefaultIfEmpty().Max());
    }

    /// <summary>Adds a stop.</summary>
    internal void Add(string service, TimeSpan took)
    {
        lock (_lock)
        {
            Dictionary<string, List<double>> all = Read();
            List<double> known = all.TryGetValue(service, out List<double>? list) ? list : all[service] = [];
            known.Add(took.TotalSeconds);
            known.RemoveRange(0, Math.Max(0, known.Count - Kept));
            Write(all);
        }
    }

    private Dictionary<string, List<double>> Read()
    {
        Dictionary<string, List<double>> all = new(StringComparer.Ordinal);
        if (!File.Exists(path))
            return all;
        foreach (string line in File.ReadLines(path))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            List<double> seconds = [];
            foreach (string word in words.AsSpan(Math.Min(1, words.Length)))
            {
                if (double.TryParse(word, CultureInfo.InvariantCulture, out double number))
                    seconds.Add(number);
            }

            if (words.Length > 1)
                all[words[0]] = seconds;
        }

        return all;
    }

    private void Write(Dictionary<string, List<double>> all)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            IEnumerable<string> lines = all.Select(static pair => $"{pair.Key} {Text(pair.Value)}\n");
            WholeFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(lines)), durable: false);
        }
        catch (IOException)
        {
            // A full disk: the estimate stays as it was.
        }
    }

    private static string Text(List<double> seconds) =>
        string.Join(' ', seconds.Select(static n => n.ToString("0.##", CultureInfo.InvariantCulture)));
}
