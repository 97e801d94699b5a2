using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Terminals;

/// <summary>
/// A turn at something that several processes share: one has it, the others sleep until it is free, also when the
/// process that had it was killed.
/// </summary>
/// <remarks>
/// Whoever has it has a lock on the file (flock(2)); those who wait have it open as well, and are told by inotify(7)
/// when it is closed. The kernel tells a moment before it drops the lock (fs/file_table.c, __fput), so a few more looks
/// follow.
/// </remarks>
public sealed class Turn : IDisposable
{
    private const int Looks = 20;
    private const ushort OwnerOnly = 0x180; // 0600
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);
    private readonly string _path;
    private readonly SafeFileHandle _news;
    private readonly SafeFileHandle _file;

    private Turn(string path, SafeFileHandle news, SafeFileHandle file)
    {
        _path = path;
        _news = news;
        _file = file;
    }

    /// <summary>Waits for the turn.</summary>
    /// <param name="path">A file for it alone; it is made, and stays.</param>
    /// <param name="poller">Waits.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The turn; disposing it lets the next one have it.</returns>
    /// <exception cref="LinuxException">The file cannot be opened or watched.</exception>
    public static async Task<Turn> TakeAsync(string path, FilePoller poller, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(poller);
        SafeFileHandle file = Open(path);
        SafeFileHandle? news = null;
        try
        {
            news = Watch(path);
            if (!TryLock(file, path))
            {
                // Tells whoever has the turn that somebody waits.
                File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
                while (!await LookAsync(file, path, cancellation))
                {
                    DeviceNodes.Drain(news);
                    if (TryLock(file, path))
                        break;
                    await poller.WaitReadableAsync(news, cancellation);
                }
            }

            return new Turn(path, news, file);
        }
        catch
        {
            news?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Waits until another process begins to wait for the turn.</summary>
    /// <param name="poller">Waits.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>When one does; it may also be one that had waited before.</returns>
    public async Task WaitForOthersAsync(FilePoller poller, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(poller);
        DeviceNodes.Drain(_news);
        await poller.WaitReadableAsync(_news, cancellation);
    }

    /// <summary>Lets the next one have it.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _news.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => _path;

    private static async Task<bool> LookAsync(SafeFileHandle file, string path, CancellationToken cancellation)
    {
        for (int i = 0; i < Looks; i++)
        {
            if (TryLock(file, path))
                return true;
            await Task.Delay(s_pause, cancellation);
        }

        return false;
    }

    private static SafeFileHandle Watch(string path)
    {
        SafeFileHandle news = Inotify.inotify_init1(Inotify.IN_CLOEXEC | Inotify.IN_NONBLOCK);
        if (!news.IsInvalid && Inotify.inotify_add_watch(news, path, Inotify.IN_CLOSE_WRITE | Inotify.IN_ATTRIB) >= 0)
            return news;
        LinuxException failure = LinuxException.FromLastError("watch", path);
        news.Dispose();
        throw failure;
    }

    private static bool TryLock(SafeFileHandle file, string path) =>
        FileLock.flock(file, FileLock.LOCK_EX | FileLock.LOCK_NB) == 0
        || (Marshal.GetLastPInvokeError().IsOneOf(LibC.EAGAIN, LibC.EINTR)
            ? false
            : throw LinuxException.FromLastError("lock", path));

    private static SafeFileHandle Open(string path)
    {
        SafeFileHandle file = Fcntl.open(path, LibC.O_RDWR | LibC.O_CREAT | LibC.O_CLOEXEC, OwnerOnly);
        if (!file.IsInvalid)
            return file;
        LinuxException failure = LinuxException.FromLastError("open", path);
        file.Dispose();
        throw failure;
    }
}
