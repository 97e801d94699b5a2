using System.Diagnostics;
using Xunit;

namespace UnlockDaemon.PrivilegedTests;

/// <summary>Runs shell scripts beside ./unlockctl, the one that was built, in a directory of their own.</summary>
public sealed class UnlockctlScript : IDisposable
{
    /// <summary>The tests of "unlockctl key" take turns, as it has one lock for the machine.</summary>
    internal const string KeyTurns = "unlockctl key";

    private readonly string _directory = Directory.CreateTempSubdirectory("unlockd-privileged-").FullName;

    public UnlockctlScript()
    {
        // Native code starts ten times as fast, where packaging/build-deb has made it from what was built last.
        string built = Path.Combine(FindSolution(), "src/UnlockDaemon/bin/Release/net10.0");
        string program = Path.Combine(built, "unlockd");
        string native = Path.Combine(built, "linux-x64/native/unlockd");
        if (File.GetLastWriteTimeUtc(native) > File.GetLastWriteTimeUtc(program + ".dll"))
            program = native;
        Assert.True(File.Exists(program), $"{program} is missing: build UnlockDaemon.sln -c Release first");
        File.CreateSymbolicLink(Path.Combine(_directory, "unlockctl"), program);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Runs one.</summary>
    /// <param name="script">Told the directory as $1.</param>
    /// <param name="argument">Its $2.</param>
    /// <returns>The lines that it prints.</returns>
    public string[] Run(string script, string argument = "")
    {
        ProcessStartInfo start = new("/bin/bash", ["-c", script, "bash", _directory, argument])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process bash = Process.Start(start)!;
        // What it says of killed processes is not looked at.
        bash.ErrorDataReceived += static (_, _) => { };
        bash.BeginErrorReadLine();
        string[] lines = bash.StandardOutput.ReadToEnd().TrimEnd().Split('\n');
        bash.WaitForExit();
        Assert.Equal(0, bash.ExitCode);
        return lines;
    }

    private static string FindSolution()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "UnlockDaemon.sln")))
            directory = directory.Parent;
        return directory!.FullName;
    }
}
