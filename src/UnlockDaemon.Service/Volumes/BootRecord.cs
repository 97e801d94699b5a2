using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// What a daemon that was restarted could not read from the kernel: a few lines in the instance's state directory,
/// written whole or not at all, that count for the boot they were written in and no other.
/// </summary>
internal sealed class BootRecord(string name)
{
    private readonly string _path = Path.Combine(Directory, name);
    private string[]? _written;

    /// <summary>Where the records of this instance lie.</summary>
    internal static string Directory => Instance.Current.StateDirectory;

    /// <summary>The lines; null when there is no record of this boot.</summary>
    internal string[]? Read() =>
        _written
        ?? (File.Exists(_path) && File.ReadAllLines(_path) is [var boot, .. var lines] && boot == BootId.Current
            ? lines
            : null);

    internal void Write(params string[] lines)
    {
        _written = lines;
        try
        {
            System.IO.Directory.CreateDirectory(Directory);
            string content = string.Join('\n', [BootId.Current, .. lines]);
            WholeFile.Write(_path, Encoding.UTF8.GetBytes(content), durable: false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full or read-only disk must not keep a volume from being unlocked or locked. Without the file an older
            // record must not speak for this one either; what is in memory still counts.
            DeleteFile();
        }
    }

    internal void Delete()
    {
        _written = null;
        DeleteFile();
    }

    private void DeleteFile()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It stays, and speaks again only if the daemon is restarted before the disk is mended.
        }
    }
}
