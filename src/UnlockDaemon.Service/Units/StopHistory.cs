using System.Globalization;
using System.Text;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Service.Units;

/// <summary>How long the last stop of each service took: "mysql 1.82", a line for each.</summary>
/// <remarks>
/// Only an estimate hangs on it: what cannot be read or written is left out, and no lock fails of it. The last stop, and
/// not the slowest of several: one that took longer than the usual deadline would refuse every usual lock for long.
/// </remarks>
internal sealed class StopHistory(string path)
{
    // No deadline is as long: what says more is damaged.
    private const double Day = 24 * 60 * 60;
    private readonly Lock _lock = new();

    /// <summary>The longest that the next stop is expected to take: as long as the last one; zero if none is known.</summary>
    internal TimeSpan Longest(string service)
    {
        lock (_lock)
            return TimeSpan.FromSeconds(Read().GetValueOrDefault(service));
    }

    /// <summary>Takes note of a stop.</summary>
    internal void Add(string service, TimeSpan took)
    {
        lock (_lock)
        {
            Dictionary<string, double> all = Read();
            all[service] = took.TotalSeconds;
            Write(all);
        }
    }

    /// <summary>Versions before this one wrote several stops of a service, the newest last.</summary>
    private Dictionary<string, double> Read()
    {
        Dictionary<string, double> all = new(StringComparer.Ordinal);
        try
        {
            foreach (string line in File.ReadAllLines(path))
            {
                string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 1
                    && double.TryParse(words[^1], CultureInfo.InvariantCulture, out double seconds)
                    && seconds is >= 0 and < Day)
                    all[words[0]] = seconds;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // There is none yet, or the disk does not give it.
        }

        return all;
    }

    private void Write(Dictionary<string, double> all)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            IEnumerable<string> lines = all.Select(static pair =>
                string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:0.##}\n"));
            WholeFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(lines)), durable: false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full disk, or one that must not be written to: the estimate stays as it was.
        }
    }
}
