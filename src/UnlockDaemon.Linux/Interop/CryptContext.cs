using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>A <c>struct crypt_device</c>, freed with crypt_free (which wipes a key it holds).</summary>
internal sealed class CryptContext : SafeHandle
{
    internal CryptContext(nint device)
        : base(0, ownsHandle: true) => SetHandle(device);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCryptSetup.crypt_free(handle);
        return true;
    }
}
