using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Kernel keyrings. Source: linux/keyctl.h, keyctl(2), add_key(2); glibc has no functions for them.</summary>
internal static unsafe class Keyctl
{
    internal const nint KEY_SPEC_SESSION_KEYRING = -3;
    internal const nint KEYCTL_REVOKE = 3;
    internal const nint KEYCTL_SETPERM = 5;
    internal const nint KEYCTL_READ = 11;
    internal const nint KEYCTL_SET_TIMEOUT = 15;

    // All for whoever possesses the key; for other processes of its owner to see it and to destroy it, not to read it.
    // Source: linux/key.h, which programs have not; keyctl_setperm(3).
    internal const nint KEY_POS_ALL = 0x3f000000;
    internal const nint KEY_USR_VIEW = 0x00010000;
    internal const nint KEY_USR_WRITE = 0x00040000;

    /// <summary>Source: asm/unistd_64.h, asm-generic/unistd.h.</summary>
    internal static int SYS_add_key => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 248 : 217;

    internal static int SYS_keyctl => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 250 : 219;

    internal static nint add_key(byte* type, byte* description, byte* payload, nuint length, nint keyring) =>
        Result(LibC.syscall(SYS_add_key, type, description, payload, (size_t)length, (int)keyring));

    internal static nint keyctl(nint operation, nint key, nint argument = 0, nuint length = 0) =>
        Result(LibC.syscall(SYS_keyctl, (int)operation, (int)key, (void*)argument, (size_t)length));

    private static nint Result(syscall_arg result) => (nint)(long)(ssize_t)result;
}
