using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Cli;

/// <summary>
/// Keeps two "unlockctl key" from changing slots at once: each could remove the slot that the other counts on.
/// </summary>
internal sealed class KeyLock : IDisposable
{
    private const string Path = "/run/unlockd-key.lock";
    private readonly SafeFileHandle _file;

    /// <exception cref="IOException">Another one is at work.</exception>
    internal KeyLock()
    {
        try
        {
            // Sharing with nobody is flock(2) here; the kernel ends it with the process.
            _file = File.OpenHandle(Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken)
        {
            throw new IOException("another 'unlockctl key' is changing key slots: try again when it is done", taken);
        }
    }

    public void Dispose() => _file.Dispose();
}
