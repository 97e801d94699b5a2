using System.ComponentModel;
using System.Diagnostics;

namespace UnlockDaemon.Linux;

/// <summary>
/// A program of the system that is run for what it does. It is looked for where the system has its programs, and never in
/// PATH or in the current directory, where anybody may have put one of that name; it runs in the root directory, with an
/// environment of its own.
/// </summary>
public static class Tool
{
    private static readonly string[] s_directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>What every tool finds in its environment, and all of it: names and values as in environ(7).</summary>
    internal static IReadOnlyList<string> Environment { get; } = ["LC_ALL=C", "PATH=" + string.Join(':', s_directories)];

    /// <summary>Finds a program.</summary>
    /// <param name="name">Its name, or its absolute path.</param>
    /// <returns>Its path; null if it is not installed.</returns>
    public static string? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return s_directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Starts a program; what it says can be read, and it reads nothing.</summary>
    /// <param name="name">Its name, or its absolute path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="output">Whether its standard output is read; otherwise it goes where ours goes.</param>
    /// <param name="errors">Whether its standard error is.</param>
    /// <returns>The process.</returns>
    /// <exception cref="LinuxException">It is not installed (ENOENT), or cannot be run.</exception>
    public static Process Start(string name, IEnumerable<string> arguments, bool output = true, bool errors = true)
    {
        ProcessStartInfo start = new(Find(name) ?? "/nonexistent/" + name, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = output,
            RedirectStandardError = errors,
        };
        start.Environment.Clear();
        foreach (string variable in Environment)
            start.Environment[variable[..variable.IndexOf('=')]] = variable[(variable.IndexOf('=') + 1)..];
        try
        {
            Process process = Process.Start(start)!;
            Unprotect(process.Id);
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception failure)
        {
            throw new LinuxException("run", name, failure.NativeErrorCode);
        }
    }

    /// <summary>
    /// The daemon is to outlive what the kernel ends for want of memory, which a program inherits: a check that takes all
    /// of it would then be the last to go.
    /// </summary>
    /// <param name="pid">A program that was started.</param>
    internal static void Unprotect(int pid)
    {
        try
        {
            File.WriteAllText($"/proc/{pid}/oom_score_adj", "0");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It has ended already, or whoever runs this one lets nobody lower it.
        }
    }

    /// <summary>Runs a program that says little to its end.</summary>
    /// <param name="name">Its name, or its absolute path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code and its last line; the line is null if it said nothing.</returns>
    /// <exception cref="LinuxException">It is not installed (ENOENT), or cannot be run.</exception>
    public static (int ExitCode, string? LastLine) Run(string name, params IEnumerable<string> arguments)
    {
        using Process process = Start(name, arguments);
        // A few lines: neither pipe fills up while the other is read.
        string words = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, words.Split('\n', StringSplitOptions.TrimEntries
            | StringSplitOptions.RemoveEmptyEntries).Select(Wording.OneLine).LastOrDefault());
    }
}
