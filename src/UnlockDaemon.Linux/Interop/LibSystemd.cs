using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Reading the journal. Source: systemd/sd-journal.h. Calls return a negative errno.</summary>
internal static partial class LibSystemd
{
    internal const int SD_JOURNAL_LOCAL_ONLY = 1 << 0;
    internal const int SD_JOURNAL_SYSTEM = 1 << 2;

    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    internal static partial int sd_journal_open(out SdJournalHandle ret, int flags);

    [LibraryImport(Library)]
    internal static partial void sd_journal_close(nint j);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_journal_add_match(SdJournalHandle j, string data, nuint size);

    [LibraryImport(Library)]
    internal static partial int sd_journal_add_disjunction(SdJournalHandle j);

    [LibraryImport(Library)]
    internal static partial int sd_journal_seek_tail(SdJournalHandle j);

    [LibraryImport(Library)]
    internal static partial int sd_journal_previous(SdJournalHandle j);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_journal_get_data(SdJournalHandle j, string field, out nint data, out nuint length);
}
