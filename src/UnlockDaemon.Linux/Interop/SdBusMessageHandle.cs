using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Owns a reference to an sd_bus_message; to be disposed on the thread of its bus.</summary>
internal sealed class SdBusMessageHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibSystemd.sd_bus_message_unref(handle);
        return true;
    }
}
