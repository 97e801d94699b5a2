using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Owns an sd_journal: the journal's files, mapped for reading.</summary>
internal sealed class SdJournalHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibSystemd.sd_journal_close(handle);
        return true;
    }
}
