using System.Runtime.InteropServices;

namespace UnlockDaemon.Linux.Interop;

/// <summary>Kernel module loading. Source: libkmod.h (libkmod.so.2).</summary>
internal static partial class LibKmod
{
    private const string Library = "libkmod.so.2";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint kmod_new(string? directory, nint configurationPaths);

    [LibraryImport(Library)]
    internal static partial nint kmod_unref(nint context);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int kmod_module_new_from_lookup(nint context, string alias, ref nint list);

    [LibraryImport(Library)]
    internal static partial nint kmod_module_get_module(nint listEntry);

    [LibraryImport(Library)]
    internal static partial int kmod_module_probe_insert_module(
        nint module, uint flags, nint extraOptions, nint runInstall, nint data, nint printAction);

    [LibraryImport(Library)]
    internal static partial nint kmod_module_unref(nint module);

    [LibraryImport(Library)]
    internal static partial int kmod_module_unref_list(nint list);
}
