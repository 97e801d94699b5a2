using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Kernel keyrings. Source: linux/keyctl.h, keyctl(2), add_key(2); glibc has no functions for them.</summary>
/// <remarks>Callers give memory that does not move and holds as much as they say; texts end with a zero byte.</remarks>
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

    internal static nint add_key(byte* type, byte* description, byte* payload, nuint length, nint keyring) =>
        Result(LibC.syscall(Number(Syscall.add_key), type, description, payload, (size_t)length, (int)keyring));

    internal static nint keyctl(nint operation, nint key, nint argument = 0, nuint length = 0) =>
        Result(LibC.syscall(Number(Syscall.keyctl), (int)operation, (int)key, (void*)argument, (size_t)length));

    /// <summary>The number of a call. Source: asm/unistd.h.</summary>
    internal static int Number(Syscall call, Architecture architecture) => (call, architecture) switch
    {
        (Syscall.add_key, Architecture.X64) => 248,
        (Syscall.keyctl, Architecture.X64) => 250,
        (Syscall.add_key, Architecture.Arm64) => 217,
        (Syscall.keyctl, Architecture.Arm64) => 219,
        _ => throw new PlatformNotSupportedException($"no number of {call} is known for {architecture}"),
    };

    private static int Number(Syscall call) => Number(call, RuntimeInformation.ProcessArchitecture);

    private static nint Result(syscall_arg result) => (nint)(long)(ssize_t)result;

    /// <summary>The calls that glibc has no functions for.</summary>
    internal enum Syscall
    {
        add_key,
        keyctl,
    }
}
