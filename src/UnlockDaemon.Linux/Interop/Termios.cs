using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Terminal attributes. Source: termios.h (asm-generic/termbits.h), tcsetattr(3).</summary>
internal static partial class Termios
{
    internal const uint IGNBRK = 0x1;
    internal const uint ISTRIP = 0x20;
    internal const uint INLCR = 0x40;
    internal const uint IGNCR = 0x80;
    internal const uint ICRNL = 0x100;
    internal const uint IXON = 0x400;
    internal const uint IUTF8 = 0x4000;
    internal const uint OPOST = 0x1;
    internal const uint ONLCR = 0x4;
    internal const uint CLOCAL = 0x800;
    internal const uint CREAD = 0x80;
    internal const uint ISIG = 0x1;
    internal const uint ICANON = 0x2;
    internal const uint ECHO = 0x8;
    internal const uint ECHONL = 0x40;
    internal const uint IEXTEN = 0x8000;
    internal const int VTIME = 5;
    internal const int VMIN = 6;
    internal const int TCSANOW = 0;
    internal const int TCIFLUSH = 0;

    /// <summary>struct termios of glibc on x86-64: 60 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct termios
    {
        internal uint c_iflag;
        internal uint c_oflag;
        internal uint c_cflag;
        internal uint c_lflag;
        internal byte c_line;
        internal fixed byte c_cc[32];
        internal uint c_ispeed;
        internal uint c_ospeed;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcgetattr(SafeFileHandle fd, out termios attributes);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcsetattr(SafeFileHandle fd, int actions, in termios attributes);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tcflush(SafeFileHandle fd, int queue);
}
