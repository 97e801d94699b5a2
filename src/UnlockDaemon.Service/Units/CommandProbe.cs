using System.Diagnostics;
using System.Text;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Service.Units;

/// <summary>A service is ready when a command says so by exiting with 0; run without a shell.</summary>
internal sealed class CommandProbe(IReadOnlyList<string> words) : ReadinessProbe
{
    private const int LongestOutput = 4096;

    // Processes that the command left behind may hold its output open.
    private static readonly TimeSpan OutputLimit = TimeSpan.FromMilliseconds(500);

    internal override TimeSpan Limit => TimeSpan.FromSeconds(30);

    internal override async Task<ProbeResult> LookAsync(CancellationToken cancellationToken)
    {
        Process process;
        try
        {
            process = Tool.Start(words[0], words.Skip(1));
        }
        catch (LinuxException failure)
        {
            return ProbeResult.NotReady(failure.Message);
        }

        using (process)
            return await JudgeAsync(process, cancellationToken);
    }

    private async Task<ProbeResult> JudgeAsync(Process process, CancellationToken cancellationToken)
    {
        Task<string> output = ReadLastAsync(process.StandardOutput);
        Task<string> errors = ReadLastAsync(process.StandardError);
        await WaitForExitAsync(process, cancellationToken);
        if (process.ExitCode == 0)
            return ProbeResult.Ready();
        string lastLine = await LastLineAsync(errors);
        if (lastLine.Length == 0)
            lastLine = await LastLineAsync(output);
        return ProbeResult.NotReady(lastLine.Length > 0 ? lastLine : $"{words[0]} exits with {process.ExitCode}");
    }

    private static async Task WaitForExitAsync(Process process, CancellationToken cancellationToken)
    {
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static async Task<string> LastLineAsync(Task<string> output)
    {
        try
        {
            string text = (await output.WaitAsync(OutputLimit)).TrimEnd();
            return text[(text.LastIndexOf('\n') + 1)..].Trim();
        }
        catch (TimeoutException)
        {
            return "";
        }
    }

    /// <summary>Reads all and keeps the end.</summary>
    private static async Task<string> ReadLastAsync(StreamReader reader)
    {
        var kept = new StringBuilder();
        var buffer = new char[512];
        try
        {
            for (int count; (count = await reader.ReadAsync(buffer)) > 0;)
            {
                kept.Append(buffer, 0, count);
                kept.Remove(0, Math.Max(0, kept.Length - LongestOutput));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The process was given up.
        }

        return kept.ToString();
    }
}
