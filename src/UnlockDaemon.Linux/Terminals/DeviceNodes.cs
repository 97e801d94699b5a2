using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Terminals;

/// <summary>The nodes in /dev: a terminal that is plugged in later appears there.</summary>
public static class DeviceNodes
{
    private const string Directory = "/dev";
    private const int BufferLength = 4096;

    /// <summary>Watches for nodes that appear.</summary>
    /// <remarks>
    /// The kernel makes a terminal's node a moment before the terminal can be opened (tty_register_device_attr). It can
    /// be when udev gives the node its group and mode, so that counts as well.
    /// </remarks>
    /// <returns>A file that becomes readable with the next one.</returns>
    /// <exception cref="LinuxException">The user has too many watches: EMFILE.</exception>
    public static SafeFileHandle Watch()
    {
        SafeFileHandle file = Inotify.inotify_init1(Inotify.IN_CLOEXEC | Inotify.IN_NONBLOCK);
        const uint Mask = Inotify.IN_CREATE | Inotify.IN_MOVED_TO | Inotify.IN_ATTRIB;
        if (!file.IsInvalid && Inotify.inotify_add_watch(file, Directory, Mask) >= 0)
            return file;
        LinuxException failure = LinuxException.FromLastError("watch", Directory);
        file.Dispose();
        throw failure;
    }

    /// <summary>Takes all news; which node they are of is for the caller to look at.</summary>
    /// <param name="file">The watch.</param>
    public static unsafe void Drain(SafeFileHandle file)
    {
        // SAFETY: no more is read into it than it holds.
        byte* news = stackalloc byte[BufferLength];
        while (Unistd.read(file, news, BufferLength) > 0)
        {
            // Until there is none left.
        }
    }
}
