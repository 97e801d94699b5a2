using Tmds.Linux;
using UnlockDaemon.Linux;

namespace UnlockDaemon.Storage;

/// <summary>What an operator can do about a call to the operating system that failed.</summary>
internal static class Advice
{
    private const string LoadModule = "load kernel module";

    /// <summary>What to do next; null where that is not known.</summary>
    internal static string? For(LinuxException failure) => failure switch
    {
        { Operation: var operation } when operation is "find kernel module" or "look up kernel module"
            || (operation == LoadModule && failure.Errno == LibC.ENOENT) =>
            $"the running kernel ({KernelRelease()}) has no such module under /lib/modules: "
            + "install the modules of this kernel, or boot the kernel whose modules are installed",
        { Operation: LoadModule } =>
            $"look for 'install {failure.Subject}' in /etc/modprobe.d, and at 'journalctl -k'; "
            + $"it works when 'modprobe {failure.Subject}' does",
        { Operation: "find a free loop device for" } =>
            "detach loop devices that are not needed ('losetup -l', 'losetup -d /dev/loopN')",
        { Operation: "open" } when (failure.Errno == LibC.ENOENT || failure.Errno == LibC.ENXIO)
            && failure.Subject.StartsWith("/dev/loop", StringComparison.Ordinal) =>
            "the kernel has this device, but /dev does not have its node: make it with mknod, see loop(4); "
            + "or detach a loop device that is not needed ('losetup -l', 'losetup -d /dev/loopN')",
        _ when failure.Errno == LibC.ENOMEM =>
            "the key derivation of this container wants more memory than the instance has: give the instance more, "
            + "or add a key slot with '--pbkdf-memory' on a larger machine",
        { Operation: "read a LUKS header from" } when failure.Errno == LibC.EINVAL =>
            "the header is damaged: 'cryptsetup repair' can mend it if its second copy is whole; if not, restore it "
            + "from its backup ('cryptsetup luksHeaderRestore')",
        { Operation: "write back" } when failure.Errno == LibC.EIO || failure.Errno == LibC.EROFS =>
            "the disk below failed ('journalctl -k'), and what is not on it is lost; 'unlockctl panic' takes "
                + "the volume down",
        _ when failure.Errno == LibC.EROFS =>
            "the file system that holds it is read-only: 'journalctl -k' says if its disk failed; if not, "
            + "'mount -o remount,rw' it",
        { Operation: "open" } when failure.Errno == LibC.EPERM => "it may be immutable: 'lsattr', then 'chattr -i'",
        _ when failure.Errno == LibC.EIO =>
            "the disk below does not answer ('journalctl -k'): copy the container to another disk, with ddrescue",
        _ when failure.Errno == LibC.ENOSPC => "the disk below is full: make room ('df -h')",
        _ when failure.Errno == LibC.EBUSY => "something else uses it ('unlockctl holders', 'lsblk')",
        _ => null,
    };

    private static string KernelRelease() => KernelText.Read("/proc/sys/kernel/osrelease").Trim();
}
