using System.Diagnostics;

namespace UnlockDaemon.Rig;

/// <summary>Programs run on the machine that hosts the guests.</summary>
public static class HostCommand
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="file">The program, looked for in PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="timeout">How long it may take; 60 s unless given.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <returns>What it did.</returns>
    /// <exception cref="TimeoutException">It took too long, and was killed.</exception>
    public static async Task<CommandResult> RunAsync(string file, IEnumerable<string> arguments,
        ReadOnlyMemory<byte> input = default, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        TimeSpan limit = timeout ?? TimeSpan.FromSeconds(60);
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);
        long start = Stopwatch.GetTimestamp();
        using Process process = Start(file, arguments);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limited.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(limited.Token);
            await FeedAsync(process, input, limited.Token);
            await process.WaitForExitAsync(limited.Token);
            return new CommandResult(process.ExitCode, await output, await error, Stopwatch.GetElapsedTime(start));
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{file} did not end within {limit.TotalSeconds} s", exception);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Arguments of ssh, for root at an address, by the harness's key; a command may follow.</summary>
    internal static string[] SshArguments(string address) =>
    [
        "-i", Workplace.SshKey, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
        "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20", $"root@{address}",
    ];

    private static Process Start(string file, IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;

    private static async Task FeedAsync(Process process, ReadOnlyMemory<byte> input,
        CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of it; its exit code tells whether that matters.
        }
    }
}
