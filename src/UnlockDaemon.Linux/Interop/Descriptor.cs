using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>
/// A handle's descriptor for the time of one call, as Tmds.LibC takes numbers: meanwhile nobody can close it, and so
/// its number cannot become that of another file.
/// </summary>
internal readonly ref struct Descriptor
{
    private readonly SafeHandle _handle;

    internal Descriptor(SafeHandle handle)
    {
        bool taken = false;
        handle.DangerousAddRef(ref taken);
        _handle = handle;
    }

    public static implicit operator int(Descriptor descriptor) => (int)descriptor._handle.DangerousGetHandle();

    public void Dispose() => _handle.DangerousRelease();
}
