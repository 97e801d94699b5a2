using System.Diagnostics;
using System.Globalization;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Storage;

/// <summary>The file system's own checker, run before mounting.</summary>
public static class FilesystemCheck
{
    // e2fsck(8), EXIT CODE.
    private const int Corrected = 1;
    private const int RebootNeeded = 2;

    /// <summary>Repairs what needs no person (<c>e2fsck -p</c>).</summary>
    /// <param name="device">The device of an ext2, ext3 or ext4 file system that is not mounted.</param>
    /// <param name="progress">Told the part done, 0 to 1, while a full check runs.</param>
    /// <param name="cancellation">Ends the checker: it stops at a safe point.</param>
    /// <returns>Null when the file system may be mounted; otherwise the checker's last words.</returns>
    /// <exception cref="LinuxException">e2fsck is not installed.</exception>
    public static async Task<string?> PreenAsync(
        string device, IProgress<double>? progress, CancellationToken cancellation)
    {
        // -C 1: progress as "pass current maximum device" lines, between the messages, on standard output.
        using Process checker = Tool.Start("e2fsck", ["-p", "-C", "1", device], errors: false);
        await using CancellationTokenRegistration stop = cancellation.Register(
            () => _ = LibC.kill(checker.Id, LibC.SIGTERM));
        string lastWords = "";
        while (await checker.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (TryParseProgress(line) is { } part)
                progress?.Report(part);
            else if (line.Trim().Length > 0)
                lastWords = Wording.OneLine(line.Trim(' ', ':'));
        }

        await checker.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        return (checker.ExitCode & ~(Corrected | RebootNeeded)) == 0
            ? null
            : lastWords.Length > 0 ? lastWords : $"e2fsck ended with exit code {checker.ExitCode}";
    }

    /// <summary>Looks for what is wrong with an XFS file system, and changes nothing (<c>xfs_repair -n</c>).</summary>
    /// <param name="device">Its device; it is not mounted.</param>
    /// <param name="cancellation">Ends the look.</param>
    /// <returns>What is found first; null when that is nothing, or xfs_repair is not installed.</returns>
    public static async Task<string?> FindXfsDamageAsync(string device, CancellationToken cancellation)
    {
        if (Tool.Find("xfs_repair") is null)
            return null;
        using Process checker = Tool.Start("xfs_repair", ["-n", device], output: false);
        await using CancellationTokenRegistration stop = cancellation.Register(
            () => _ = LibC.kill(checker.Id, LibC.SIGTERM));
        string? finding = null;
        while (await checker.StandardError.ReadLineAsync(CancellationToken.None) is { } line)
        {
            // "Phase 3 - ..." and "        - ..." tell what is being done.
            if (line.Length > 0 && !line.StartsWith("Phase ", StringComparison.Ordinal) && !char.IsWhiteSpace(line[0]))
                finding ??= Wording.OneLine(line.Trim());
        }

        await checker.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        return checker.ExitCode == 0 ? null : finding;
    }

    /// <summary>
    /// Reads a progress line: of five passes, the part of the whole. Behind the three numbers is the device, or the
    /// file system's label, which may have spaces.
    /// </summary>
    internal static double? TryParseProgress(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 3
            && int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out int pass)
            && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out long current)
            && long.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out long maximum)
            && pass is >= 1 and <= 5 && maximum > 0
            ? (pass - 1 + ((double)current / maximum)) / 5
            : null;
    }
}

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
        (int code, string? said) = Tool.Run(program, subject);
        // It says its own name before it, or the path that it was called by.
        string reason = said?.Split(program + ": ")[^1] ?? $"exit code {code}";
        return code == 0 ? null : $"{program}: {reason}";
    }
}
