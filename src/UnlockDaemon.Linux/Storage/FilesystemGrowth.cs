using System.ComponentModel;
using System.Diagnostics;

namespace UnlockDaemon.Linux.Storage;

/// <summary>A mounted file system that takes up the new size of its device, by its own tool.</summary>
public static class FilesystemGrowth
{
    /// <summary>Grows it to its device; does nothing when it is as large already.</summary>
    /// <param name="device">The device.</param>
    /// <param name="mountPoint">Where it is mounted.</param>
    /// <param name="type">ext2, ext3, ext4 or xfs.</param>
    /// <returns>Null when it has the size of its device; otherwise the tool's words.</returns>
    /// <exception cref="LinuxException">The tool is not installed.</exception>
    public static string? TryGrow(string device, string mountPoint, string type)
    {
        (string program, string subject) = type == "xfs" ? ("xfs_growfs", mountPoint) : ("resize2fs", device);
        ProcessStartInfo start = new(program, [subject])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C", ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" },
        };
        try
        {
            using Process tool = Process.Start(start)!;
            // A few lines: neither pipe fills up while the other is read.
            string words = tool.StandardOutput.ReadToEnd() + tool.StandardError.ReadToEnd();
            tool.WaitForExit();
            return tool.ExitCode == 0
                ? null
                : $"{program}: {LastLine(words.Replace(program + ": ", "", StringComparison.Ordinal), tool.ExitCode)}";
        }
        catch (Win32Exception missing)
        {
            throw new LinuxException("run", program, missing.NativeErrorCode);
        }
    }

    private static string LastLine(string words, int exitCode) =>
        words.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is [.., var last]
            ? last
            : $"exit code {exitCode}";
}
