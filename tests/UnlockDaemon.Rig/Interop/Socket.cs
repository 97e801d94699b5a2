using System.Runtime.InteropServices;

namespace UnlockDaemon.Rig.Interop;

/// <summary>Connected pairs of sockets. Source: sys/socket.h, socketpair(2).</summary>
internal static unsafe partial class Socket
{
    internal const int AF_UNIX = 1;
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_CLOEXEC = 0x80000;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* sv);
}
