using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Waiting for descriptors. Source: poll.h, poll(2).</summary>
internal static unsafe class Poll
{
    /// <param name="fds">The descriptors.</param>
    /// <param name="timeout">Milliseconds; -1 waits for ever.</param>
    internal static int poll(Span<pollfd> fds, int timeout)
    {
        // SAFETY: the array is pinned for the time of the call.
        fixed (pollfd* first = fds)
            return LibC.poll(first, (uint)fds.Length, timeout);
    }
}
