using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>
/// Starting a program with chosen descriptors. Source: spawn.h, posix_spawn(3); sys/wait.h, waitpid(2).
/// </summary>
/// <remarks>The functions that fill the two structures fail only for lack of memory, or on bad arguments.</remarks>
internal static unsafe partial class Spawn
{
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(out int pid, string path, posix_spawn_file_actions_t* file_actions,
        posix_spawnattr_t* attrp, string?[] argv, string?[] envp);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(posix_spawn_file_actions_t* file_actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t* file_actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(
        posix_spawn_file_actions_t* file_actions, SafeHandle fd, int newfd);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_init(posix_spawnattr_t* attr);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_destroy(posix_spawnattr_t* attr);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setflags(posix_spawnattr_t* attr, short flags);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigdefault(posix_spawnattr_t* attr, sigset_t* sigdefault);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigmask(posix_spawnattr_t* attr, sigset_t* sigmask);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, out int wstatus, int options);

    /// <summary>Opaque; its size on 64-bit glibc.</summary>
    [InlineArray(80)]
    internal struct posix_spawn_file_actions_t
    {
        private byte _first;
    }

    /// <summary>Opaque; its size on 64-bit glibc.</summary>
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
