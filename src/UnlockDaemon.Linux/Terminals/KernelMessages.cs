using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux.Terminals;

/// <summary>
/// The kernel's log, as it appears on the consoles. Source: the kernel's Documentation/ABI/testing/dev-kmsg.
/// </summary>
public static class KernelMessages
{
    private const int RecordLength = 8192;

    /// <summary>Opens the log behind its last message.</summary>
    /// <returns>A file that becomes readable with the next message.</returns>
    /// <exception cref="LinuxException">/dev/kmsg cannot be opened.</exception>
    public static SafeFileHandle Open()
    {
        SafeFileHandle file = Fcntl.Open("/dev/kmsg", LibC.O_RDONLY | LibC.O_NONBLOCK);
        _ = Unistd.lseek(file, 0, LibC.SEEK_END);
        return file;
    }

    /// <summary>Reads all new messages.</summary>
    /// <param name="file">The log.</param>
    /// <returns>Whether one of them is urgent enough for the consoles.</returns>
    public static unsafe bool DrainAnyShown(SafeFileHandle file)
    {
        int consoleLevel = ConsoleLevel();
        bool shown = false;
        // SAFETY: no more is read into it than it holds, and no more looked at than was read.
        byte* record = stackalloc byte[RecordLength];
        // One record a read: "priority,sequence,time,flags;text". EPIPE: some were overwritten before we read them.
        for (nint count; (count = Unistd.read(file, record, RecordLength)) > 0;)
        {
            int priority = 0;
            for (byte* digit = record; digit < record + count && *digit is >= (byte)'0' and <= (byte)'9'; digit++)
                priority = (priority * 10) + (*digit - '0');
            shown |= (priority & 7) < consoleLevel;
        }

        return shown;
    }

    private static int ConsoleLevel() =>
        int.Parse(KernelText.Read("/proc/sys/kernel/printk").Split('\t', ' ')[0]);
}
