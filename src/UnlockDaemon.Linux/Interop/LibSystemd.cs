using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>D-Bus and the journal. Source: systemd/sd-bus.h, systemd/sd-bus-protocol.h, systemd/sd-journal.h.</summary>
/// <remarks>
/// Calls without a variable argument list only, all there since systemd 241. They return a negative errno.
/// A bus object and its messages belong to one thread.
/// </remarks>
internal static partial class LibSystemd
{
    internal const byte SD_BUS_MESSAGE_METHOD_RETURN = 2;
    internal const byte SD_BUS_MESSAGE_METHOD_ERROR = 3;
    internal const byte SD_BUS_MESSAGE_SIGNAL = 4;
    internal const byte SD_BUS_TYPE_BYTE = (byte)'y';
    internal const byte SD_BUS_TYPE_INT32 = (byte)'i';
    internal const byte SD_BUS_TYPE_UINT32 = (byte)'u';
    internal const byte SD_BUS_TYPE_UINT64 = (byte)'t';
    internal const byte SD_BUS_TYPE_BOOLEAN = (byte)'b';
    internal const byte SD_BUS_TYPE_STRING = (byte)'s';
    internal const byte SD_BUS_TYPE_OBJECT_PATH = (byte)'o';
    internal const byte SD_BUS_TYPE_ARRAY = (byte)'a';
    internal const byte SD_BUS_TYPE_VARIANT = (byte)'v';
    internal const byte SD_BUS_TYPE_STRUCT = (byte)'r';
    internal const byte SD_BUS_TYPE_DICT_ENTRY = (byte)'e';
    internal const int SD_JOURNAL_LOCAL_ONLY = 1 << 0;
    internal const int SD_JOURNAL_SYSTEM = 1 << 2;

    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    internal static partial int sd_bus_open_system(out SdBusHandle ret);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_close_unref(nint bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_get_fd(SdBusHandle bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_get_events(SdBusHandle bus);

    /// <summary>When to process at the latest: CLOCK_MONOTONIC in microseconds, all ones for never.</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_get_timeout(SdBusHandle bus, out ulong timeout_usec);

    /// <summary>Does one piece of work. 0: there was none. The message may be null even when there was.</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_process(SdBusHandle bus, out SdBusMessageHandle r);

    [LibraryImport(Library)]
    internal static partial int sd_bus_send(SdBusHandle bus, SdBusMessageHandle m, out ulong cookie);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_new_method_call(
        SdBusHandle bus, out SdBusMessageHandle m, string destination, string path, string @interface, string member);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_unref(nint m);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_set_auto_start(SdBusMessageHandle m, int b);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_append_basic(SdBusMessageHandle m, byte type, string p);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_get_type(SdBusMessageHandle m, out byte type);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_get_reply_cookie(SdBusMessageHandle m, out ulong cookie);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_get_sender(SdBusMessageHandle m);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_get_path(SdBusMessageHandle m);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_get_member(SdBusMessageHandle m);

    /// <summary>A struct sd_bus_error of two pointers to text, name and message; null if it is not an error.</summary>
    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_get_error(SdBusMessageHandle m);

    /// <summary>For texts: p is then a pointer into the message.</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_basic(SdBusMessageHandle m, byte type, out nint p);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_basic(SdBusMessageHandle m, byte type, out uint p);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_basic(SdBusMessageHandle m, byte type, out int p);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_basic(SdBusMessageHandle m, byte type, out ulong p);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_array(
        SdBusMessageHandle m, byte type, out nint ptr, out nuint size);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_enter_container(SdBusMessageHandle m, byte type, string? contents);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_exit_container(SdBusMessageHandle m);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_skip(SdBusMessageHandle m, string? types);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_rewind(SdBusMessageHandle m, int complete);

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
