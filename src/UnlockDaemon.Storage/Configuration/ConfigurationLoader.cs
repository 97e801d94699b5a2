using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Storage.Configuration;

/// <summary>Reads the configuration; finds every mistake in it at once.</summary>
public static class ConfigurationLoader
{
    private const int MaximumLength = 64 * 1024;

    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Reads the configuration from a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The configuration, or every mistake; a file that cannot be read or trusted is one.</returns>
    public static ConfigurationResult Load(string path)
    {
        try
        {
            return Directory.Exists(path) ? Unread(path, "is a directory; name the file in it") : Read(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Unread(path, $"there is no such file; write one that begins with:\n{ConfigurationParser.Beginning}");
        }
        catch (UnauthorizedAccessException)
        {
            return Unread(path, "may not be read by this user; run the command as root");
        }
        catch (IOException exception)
        {
            return Unread(path, $"cannot be read: {exception.Message}");
        }
    }

    /// <summary>Reads the configuration from text.</summary>
    /// <param name="text">What the file says.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <returns>The configuration, or every mistake.</returns>
    public static ConfigurationResult Parse(string text, string file)
    {
        if (text.Length > MaximumLength)
            return Refuse(file, $"is longer than {MaximumLength / 1024} KiB; this is not a configuration of unlockd");
        Findings findings = new(file);
        UnlockdConfiguration? configuration = ConfigurationParser.Parse(text, findings);
        return configuration is null || findings.Any
            ? new ConfigurationResult(findings.InOrder())
            : new ConfigurationResult(configuration);
    }

    private static ConfigurationResult Read(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        if (Distrust(path, File.GetUnixFileMode(file)) is { } problem)
            return Refuse(path, problem);
        byte[] bytes = new byte[MaximumLength + 1];
        return Decode(path, bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0)));
    }

    // The file names commands that root runs: whoever may change or replace it, is root. sshd has the same rule.
    private static string? Distrust(string path, UnixFileMode mode)
    {
        if (!IsTrusted(FileOwner.UserId(path)))
            return $"belongs to a user other than root, and it names commands that root runs; run: chown root {path}";
        if ((mode & WritableByOthers) != UnixFileMode.None)
            return $"others than its owner may write it, and it names commands that root runs; run: chmod go-w {path}";
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!IsTrusted(FileOwner.UserId(directory)))
            return $"the owner of {directory} may replace it, and is not root; run: chown root {directory}";
        return (File.GetUnixFileMode(directory) & WritableByOthers) == UnixFileMode.None
            ? null
            : $"others than the owner of {directory} may replace it; run: chmod go-w {directory}";
    }

    // Root, or the user that reads it: a process owns its own directory under /proc.
    private static bool IsTrusted(uint user) => user == 0 || user == FileOwner.UserId("/proc/self");

    private static ConfigurationResult Decode(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        if (Utf8.IsValid(bytes))
            return Parse(Encoding.UTF8.GetString(bytes), path);
        int good = ValidLength(bytes);
        int line = bytes[..good].Count((byte)'\n') + 1;
        int column = Encoding.UTF8.GetCharCount(bytes[(bytes[..good].LastIndexOf((byte)'\n') + 1)..good]) + 1;
        return new ConfigurationResult(
            [new ConfigurationError(path, line, column, "not UTF-8 from here on; save the file as UTF-8")]);
    }

    private static int ValidLength(ReadOnlySpan<byte> bytes)
    {
        int good = 0;
        while (Rune.DecodeFromUtf8(bytes[good..], out _, out int length) == OperationStatus.Done)
            good += length;
        return good;
    }

    private static ConfigurationResult Unread(string path, string message) =>
        new([new ConfigurationError(path, 0, 0, message)], wasRead: false);

    private static ConfigurationResult Refuse(string path, string message) =>
        new([new ConfigurationError(path, 0, 0, message)]);
}
