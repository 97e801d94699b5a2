using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Owns an sd_bus: a connection to a message bus.</summary>
internal sealed class SdBusHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibSystemd.sd_bus_close_unref(handle);
        return true;
    }
}
