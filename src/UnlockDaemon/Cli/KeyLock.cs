using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Storage;

namespace UnlockDaemon.Cli;

/// <summary>
/// Keeps two "unlockctl key" from changing slots at once: each could remove the slot that the other counts on.
/// </summary>
internal sealed class KeyLock : IDisposable
{
    // Of root alone: whoever may open a file may hold a lock on it, and keep a key that was to be removed.
    private const string Directory = "/run/unlockctl";
    private readonly SafeFileHandle _file;

    /// <exception cref="IOException">Another one is at work.</exception>
    internal KeyLock()
    {
        System.IO.Directory.CreateDirectory(Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite
            | UnixFileMode.UserExecute);
        _file = OwnFile.TryLock(Path.Combine(Directory, "key.lock"))
            ?? throw new IOException("another 'unlockctl key' is changing key slots: try again when it is done");
    }

    public void Dispose() => _file.Dispose();
}
