using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace UnlockDaemon.Linux.Interop;

/// <summary>An anonymous, locked mapping; wiped when released, also when its owner forgot to.</summary>
internal sealed unsafe class LockedMapping : SafeHandle
{
    internal LockedMapping(int length)
        : base(-1, ownsHandle: true)
    {
        Length = length;
        SetHandle(Mman.mmap(0, (nuint)length, Mman.PROT_READ | Mman.PROT_WRITE,
            Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, -1, 0));
        if (IsInvalid)
            throw LinuxException.FromLastError("map", $"{length} bytes of memory for a secret");

        if (Mman.mlock2(handle, (nuint)length, Mman.MLOCK_ONFAULT) != 0)
        {
            LinuxException locking = LinuxException.FromLastError("lock", $"{length} bytes of memory for a secret");
            Dispose();
            throw locking;
        }

        // Advice only: neither can fail on a private anonymous mapping of a kernel since 4.14.
        _ = Mman.madvise(handle, (nuint)length, Mman.MADV_DONTDUMP);
        _ = Mman.madvise(handle, (nuint)length, Mman.MADV_WIPEONFORK);
    }

    internal int Length { get; }

    public override bool IsInvalid => handle == -1;

    protected override bool ReleaseHandle()
    {
        CryptographicOperations.ZeroMemory(new Span<byte>((void*)handle, Length));
        return Mman.munmap(handle, (nuint)Length) == 0;
    }
}
