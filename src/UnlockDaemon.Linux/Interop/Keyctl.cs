using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Kernel keyrings. Source: linux/keyctl.h, keyctl(2), add_key(2); glibc has no functions for them.</summary>
/// <remarks>
/// syscall is variadic in C; with integer and pointer arguments the x86-64 calling convention is the same.
/// </remarks>
internal static unsafe partial class Keyctl
{
    internal const nint KEY_SPEC_SESSION_KEYRING = -3;
    internal const nint KEYCTL_REVOKE = 3;
    internal const nint KEYCTL_SETPERM = 5;
    internal const nint KEYCTL_READ = 11;
    internal const nint KEYCTL_SET_TIMEOUT = 15;

    // All for whoever possesses the key; for other processes of its owner to see it and to destroy it, not to read it.
    internal const nint KEY_POS_ALL = 0x3f000000;
    internal const nint KEY_USR_VIEW = 0x00010000;
    internal const nint KEY_USR_WRITE = 0x00040000;

    private const nint SYS_add_key = 248;
    private const nint SYS_keyctl = 250;

    internal static nint add_key(byte* type, byte* description, byte* payload, nuint length, nint keyring) =>
        syscall(SYS_add_key, (nint)type, (nint)description, (nint)payload, (nint)length, keyring);

    internal static nint keyctl(nint operation, nint key, nint argument = 0, nuint length = 0) =>
        syscall(SYS_keyctl, operation, key, argument, (nint)length, 0);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e);
}
