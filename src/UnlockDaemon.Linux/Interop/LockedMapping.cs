using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tmds.Linux;

namespace UnlockDaemon.Linux.Interop;

/// <summary>An anonymous, locked mapping; wiped when released, also when its owner forgot to.</summary>
internal sealed unsafe class LockedMapping : SafeHandle
{
    internal LockedMapping(int length, bool mayBeSwapped)
        : base(-1, ownsHandle: true)
    {
        Length = length;
        // SAFETY: an anonymous mapping at an address of the kernel's choice; it is this object's alone.
        SetHandle((nint)LibC.mmap(null, (size_t)(ulong)length, LibC.PROT_READ | LibC.PROT_WRITE,
            LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS, -1, 0));
        if (IsInvalid)
            throw LinuxException.FromLastError("map", $"{length} bytes of memory for a secret");

        // SAFETY: the mapping is all of this address and length, for these calls and those below.
        // A kernel that cannot lock pages as they come (that of an emulator, or one that filters calls) locks them now.
        if (LibC.mlock2((void*)handle, (size_t)(ulong)length, LibC.MLOCK_ONFAULT) != 0
            && LibC.mlock((void*)handle, (size_t)(ulong)length) != 0 && !mayBeSwapped)
        {
            LinuxException locking = LinuxException.FromLastError("lock", $"{length} bytes of memory for a secret");
            Dispose();
            throw locking;
        }

        // Advice only: neither can fail on a private anonymous mapping of a kernel since 4.14.
        _ = LibC.madvise((void*)handle, (size_t)(ulong)length, LibC.MADV_DONTDUMP);
        _ = LibC.madvise((void*)handle, (size_t)(ulong)length, LibC.MADV_WIPEONFORK);
    }

    internal int Length { get; }

    public override bool IsInvalid => handle == -1;

    protected override bool ReleaseHandle()
    {
        // SAFETY: nobody uses the mapping any more, and it has this length.
        CryptographicOperations.ZeroMemory(new Span<byte>((void*)handle, Length));
        return LibC.munmap((void*)handle, (size_t)(ulong)Length) == 0;
    }
}
