using System.Text;
using UnlockDaemon.Linux;
using UnlockDaemon.Protocol;

namespace UnlockDaemon.Service.Volumes;

/// <summary>
/// What a daemon that was restarted could not read from the kernel: a few lines in the instance's state directory,
/// written whole or not at all, that count for the boot they were written in and no other. The same lines are in its
/// runtime directory, which outlives a restart of the daemon and no stop, for when the disk is full or read-only.
/// </summary>
internal sealed class BootRecord(string name)
{
    private readonly string _path = Path.Combine(Directory, name);
    private readonly string _runtimePath = Path.Combine(Instance.Current.RuntimeDirectory, "record-" + name);
    private string[]? _written;

    /// <summary>Where the records of this instance lie.</summary>
    internal static string Directory => Instance.Current.StateDirectory;

    /// <summary>The lines; null when there is no record of this boot.</summary>
    internal string[]? Read() => _written ?? Read(_runtimePath) ?? Read(_path);

    internal void Write(params string[] lines)
    {
        _written = lines;
        byte[] content = Encoding.UTF8.GetBytes(string.Join('\n', [BootId.Current, .. lines]));
        Write(_runtimePath, content);
        Write(_path, content);
    }

    internal void Delete()
    {
        _written = null;
        Delete(_runtimePath);
        Delete(_path);
    }

    private static string[]? Read(string path) =>
        File.Exists(path) && File.ReadAllLines(path) is [var boot, .. var lines] && boot == BootId.Current
            ? lines
            : null;

    private static void Write(string path, byte[] content)
    {
        try
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WholeFile.Write(path, content, durable: false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full or read-only disk must not keep a volume from being unlocked or locked. Without the file an older
            // record must not speak for this one either.
            Delete(path);
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It stays, and speaks again only if the daemon is restarted before the disk is mended.
        }
    }
}
