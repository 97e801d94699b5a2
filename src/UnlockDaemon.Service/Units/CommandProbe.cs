using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

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
        using var process = new Process { StartInfo = StartInfo() };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            string reason = Marshal.GetPInvokeErrorMessage(exception.NativeErrorCode);
            return ProbeResult.NotReady($"cannot run {words[0]}: {reason}");
        }

        process.StandardInput.Close();
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

    private ProcessStartInfo StartInfo()
    {
        var info = new ProcessStartInfo(words[0], words.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The command must not speak to systemd in the daemon's name.
        info.Environment.Remove("NOTIFY_SOCKET");
        return info;
    }
}
