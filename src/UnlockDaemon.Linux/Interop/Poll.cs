using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Waiting for descriptors. Source: poll.h, poll(2).</summary>
internal static partial class Poll
{
    internal const short POLLIN = 0x001;
    internal const short POLLPRI = 0x002;

    /// <summary>One descriptor, what is waited for, and what happened.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct pollfd
    {
        internal int fd;
        internal short events;
        internal short revents;
    }

    /// <param name="fds">The descriptors.</param>
    /// <param name="nfds">How many.</param>
    /// <param name="timeout">Milliseconds; -1 waits for ever.</param>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(Span<pollfd> fds, nuint nfds, int timeout);
}
