using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Device-mapper devices. Source: libdevmapper.h (libdevmapper.so.1.02.1).</summary>
/// <remarks>Functions return 0 when they fail.</remarks>
internal static unsafe partial class LibDevMapper
{
    internal const int DM_DEVICE_CREATE = 0;
    internal const int DM_DEVICE_RELOAD = 1;
    internal const int DM_DEVICE_SUSPEND = 4;
    internal const int DM_DEVICE_RESUME = 5;
    internal const int DM_DEVICE_TABLE = 11;
    internal const int DM_DEVICE_TARGET_MSG = 17;

    private const string Library = "libdevmapper.so.1.02.1";

    [LibraryImport(Library)]
    internal static partial nint dm_task_create(int type);

    [LibraryImport(Library)]
    internal static partial void dm_task_destroy(nint task);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int dm_task_set_name(DeviceMapperTask task, string name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int dm_task_add_target(
        DeviceMapperTask task, ulong start, ulong size, string type, string parameters);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int dm_task_add_target(
        DeviceMapperTask task, ulong start, ulong size, string type, byte* parameters);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int dm_task_set_uuid(DeviceMapperTask task, string uuid);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int dm_task_set_message(DeviceMapperTask task, string message);

    [LibraryImport(Library)]
    internal static partial int dm_task_no_flush(DeviceMapperTask task);

    [LibraryImport(Library)]
    internal static partial int dm_task_skip_lockfs(DeviceMapperTask task);

    [LibraryImport(Library)]
    internal static partial int dm_task_secure_data(DeviceMapperTask task);

    [LibraryImport(Library)]
    internal static partial int dm_task_set_cookie(DeviceMapperTask task, ref uint cookie, ushort flags);

    [LibraryImport(Library)]
    internal static partial int dm_udev_wait(uint cookie);

    [LibraryImport(Library)]
    internal static partial int dm_task_run(DeviceMapperTask task);

    [LibraryImport(Library)]
    internal static partial int dm_task_get_errno(DeviceMapperTask task);

    [LibraryImport(Library)]
    internal static partial nint dm_get_next_target(
        DeviceMapperTask task, nint next, out ulong start, out ulong length, out byte* type, out byte* parameters);
}
