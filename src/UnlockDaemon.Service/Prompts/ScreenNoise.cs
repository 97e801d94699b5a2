using Microsoft.Win32.SafeHandles;
using UnlockDaemon.Linux.Terminals;

namespace UnlockDaemon.Service.Prompts;

/// <summary>Notices when the kernel writes to the consoles, so that a prompt can be shown again below it.</summary>
internal sealed class ScreenNoise(FilePoller poller)
{
    // Messages come in bursts: one redraw after the last of them.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(200);

    /// <summary>Calls back after every burst of messages that reached the consoles.</summary>
    internal async Task WatchAsync(Action interrupted, CancellationToken cancellation)
    {
        using SafeFileHandle messages = KernelMessages.Open();
        while (true)
        {
            await poller.WaitReadableAsync(messages, cancellation);
            bool shown = KernelMessages.DrainAnyShown(messages);
            if (!shown)
                continue;
            await Task.Delay(s_quiet, cancellation);
            KernelMessages.DrainAnyShown(messages);
            interrupted();
        }
    }
}
