using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Terminal attributes. Source: termios.h, tcsetattr(3).</summary>
internal static unsafe class Termios
{
    internal static int tcgetattr(SafeFileHandle fd, out termios attributes)
    {
        using Descriptor file = new(fd);
        // SAFETY: the structure is pinned, and as C has it.
        fixed (termios* filled = &attributes)
            return LibC.tcgetattr(file, filled);
    }

    internal static int tcsetattr(SafeFileHandle fd, uint actions, in termios attributes)
    {
        using Descriptor file = new(fd);
        // SAFETY: the structure is pinned, and only read.
        fixed (termios* wanted = &attributes)
            return LibC.tcsetattr(file, (int)actions, wanted);
    }

    internal static int tcflush(SafeFileHandle fd, uint queue)
    {
        using Descriptor file = new(fd);
        return LibC.tcflush(file, (int)queue);
    }
}
