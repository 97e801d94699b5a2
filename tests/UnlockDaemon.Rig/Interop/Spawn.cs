using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace UnlockDaemon.Rig.Interop;

/// <summary>Starting a process with chosen file descriptors. Source: spawn.h, posix_spawn(3).</summary>
/// <remarks>
/// The functions that fill the two structures return an int too, but it is never other than 0 here: they fail only on
/// bad arguments, and for lack of memory.
/// </remarks>
internal static unsafe partial class Spawn
{
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;
    internal const short POSIX_SPAWN_SETSID = 0x80;
    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_CREAT = 0x40;
    internal const int O_APPEND = 0x400;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawnp(out int pid, string file, posix_spawn_file_actions_t* file_actions,
        posix_spawnattr_t* attrp, string?[] argv, string?[] envp);

    [LibraryImport("libc")]
    internal static partial void posix_spawn_file_actions_init(posix_spawn_file_actions_t* file_actions);

    [LibraryImport("libc")]
    internal static partial void posix_spawn_file_actions_destroy(posix_spawn_file_actions_t* file_actions);

    [LibraryImport("libc")]
    internal static partial void posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t* file_actions, int fd,
        int newfd);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void posix_spawn_file_actions_addopen(posix_spawn_file_actions_t* file_actions, int fd,
        string path, int oflag, uint mode);

    [LibraryImport("libc")]
    internal static partial void posix_spawnattr_init(posix_spawnattr_t* attr);

    [LibraryImport("libc")]
    internal static partial void posix_spawnattr_destroy(posix_spawnattr_t* attr);

    [LibraryImport("libc")]
    internal static partial void posix_spawnattr_setflags(posix_spawnattr_t* attr, short flags);

    [LibraryImport("libc")]
    internal static partial void posix_spawnattr_setsigdefault(posix_spawnattr_t* attr, sigset_t* sigdefault);

    [LibraryImport("libc")]
    internal static partial void posix_spawnattr_setsigmask(posix_spawnattr_t* attr, sigset_t* sigmask);

    /// <summary>Opaque; its size on x86-64 glibc.</summary>
    [InlineArray(80)]
    internal struct posix_spawn_file_actions_t
    {
        private byte _first;
    }

    /// <summary>Opaque; its size on x86-64 glibc.</summary>
    [InlineArray(336)]
    internal struct posix_spawnattr_t
    {
        private byte _first;
    }

    /// <summary>A bit for each signal.</summary>
    [InlineArray(128)]
    internal struct sigset_t
    {
        private byte _first;
    }
}
