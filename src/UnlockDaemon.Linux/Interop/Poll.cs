using System.Diagnostics;
using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Waiting for descriptors. Source: poll.h, poll(2).</summary>
internal static partial class Poll
{
    /// <summary>Of our own, as that of Tmds.LibC does not save errno.</summary>
    /// <param name="fds">The descriptors.</param>
    /// <param name="nfds">How many.</param>
    /// <param name="timeout">Milliseconds; -1 waits for ever.</param>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(Span<pollfd> fds, nuint nfds, int timeout);

    /// <summary>Waits until a file can be read, or is hung up; a signal does not end the wait.</summary>
    /// <returns>False when the time is over first.</returns>
    /// <exception cref="LinuxException">The kernel has no memory for it.</exception>
    internal static bool WaitReadable(SafeHandle file, TimeSpan limit)
    {
        using Descriptor descriptor = new(file);
        Span<pollfd> fds = [new() { fd = descriptor, events = LibC.POLLIN }];
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = limit - Stopwatch.GetElapsedTime(started);
            int ready = poll(fds, 1, (int)Math.Ceiling(Math.Max(left.TotalMilliseconds, 0)));
            if (ready >= 0)
                return ready > 0;
            if (Marshal.GetLastPInvokeError() != LibC.EINTR)
                throw LinuxException.FromLastError("wait for", "a file");
        }
    }
}
