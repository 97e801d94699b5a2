using Tmds.Linux;
using UnlockDaemon.Linux.Interop;

namespace UnlockDaemon.Linux;

/// <summary>
/// Kernel modules: a minimal instance preloads none, so what is needed is loaded by whoever needs it.
/// </summary>
public static class KernelModule
{
    /// <summary>Loads a module unless what it provides is there already.</summary>
    /// <param name="name">The module's name or alias: "loop", "dm_crypt".</param>
    /// <param name="provides">A path that exists once it is loaded.</param>
    /// <exception cref="LinuxException">
    /// The kernel has no such module (ENOENT: the modules of the running kernel are not installed), or refuses it.
    /// </exception>
    public static void Require(string name, string provides)
    {
        if (Path.Exists(provides))
            return;
        Load(name);
        // "install NAME /bin/true" in modprobe.d is a load that succeeds and loads nothing.
        if (!Path.Exists(provides))
            throw new LinuxException("load kernel module", name, LibC.ENODEV, "modprobe.d has it load nothing");
    }

    private static void Load(string name)
    {
        nint context = LibKmod.kmod_new(null, 0);
        if (context == 0)
            throw new LinuxException("load kernel module", name, LibC.EIO);
        nint list = 0;
        try
        {
            int error = LibKmod.kmod_module_new_from_lookup(context, name, ref list);
            if (error < 0)
                throw new LinuxException("look up kernel module", name, -error);
            if (list == 0)
                throw new LinuxException("find kernel module", name, LibC.ENOENT);
            Insert(list, name);
        }
        finally
        {
            if (list != 0)
                _ = LibKmod.kmod_module_unref_list(list);
            LibKmod.kmod_unref(context);
        }
    }

    private static void Insert(nint list, string name)
    {
        nint module = LibKmod.kmod_module_get_module(list);
        int error = LibKmod.kmod_module_probe_insert_module(module, 0, 0, 0, 0, 0);
        LibKmod.kmod_module_unref(module);
        if (error != 0)
            throw new LinuxException("load kernel module", name, error < 0 ? -error : LibC.EPERM);
    }
}
